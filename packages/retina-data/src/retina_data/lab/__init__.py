"""A lab's own recordings: stimuli as ``.npy``, responses as one HDF5 file a session.

The layout, shared with openretina's HDF5 reader::

    stimuli/<name>.npy       (channels, time, height, width)
    <session>.h5
        responses_<name>     (neurons, time)
        stimulus_<name>      the session's own, in place of stimuli/<name>.npy
        session_info/        what else is known
"""

from retina_data.lab.reading import read_sessions
from retina_data.lab.writing import write_session, write_synthetic

__all__ = ["read_sessions", "write_session", "write_synthetic"]
