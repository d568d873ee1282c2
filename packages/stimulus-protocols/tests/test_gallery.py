from __future__ import annotations

import re

from PIL import Image

from stimulus_protocols import gallery, protocols
from stimulus_protocols.stimuli import Grating, MovingImage


def test_the_page_shows_what_is_there(tmp_path, monkeypatch):
    def stimuli(picture):
        size = {"frames": 5, "height": 8, "width": 10}
        grating = Grating(**size, spatial_frequency_cpp=0.1, temporal_frequency_hz=5)
        return {"A < B": grating, "Picture": MovingImage(**size, path=str(picture), speed_px_s=30)}

    monkeypatch.setattr(gallery, "example_stimuli", stimuli)
    monkeypatch.setattr(gallery, "example_protocols", lambda: {"C": protocols.duration(9, 3, 2)})
    monkeypatch.setattr(gallery, "example_presets", dict)
    page = gallery.write_gallery(tmp_path / "new" / "gallery", quiet=True)
    text = page.read_text()
    files = set(re.findall(r'src="([^"]+)"', text))
    beside = {path.name for path in page.parent.iterdir()}
    assert files == beside - {"index.html", "picture.png"}
    assert sum(name.endswith(".gif") for name in files) == 2
    for name in files:
        with Image.open(page.parent / name) as picture:
            assert picture.size[0] >= 10
    assert "<h3>A &lt; B</h3>" in text
    assert 'width="250"' in text  # whole pixels
    assert str(tmp_path) not in text
    assert "path: picture.png" in text
