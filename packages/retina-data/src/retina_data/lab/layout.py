"""How a session's file is laid out."""

#: What the names of its data sets begin with, and the group of what else is known.
RESPONSES, STIMULUS, INFO = "responses_", "stimulus_", "session_info"
