"""The same stimuli as the real stimupy and MotionClouds make, value by value.

    python peers.py [--cases 200]

Sizes are even: at odd ones stimupy scales a Gaussian to its greatest pixel.
Prints how many were compared and the largest difference of each kind; ends
with an error where a difference is larger than it may be.
"""

from __future__ import annotations

import argparse
import time
import warnings

import MotionClouds
import numpy as np
from stimupy.components import gaussians, shapes
from stimupy.stimuli import waves

from stimulus_protocols.stimuli import Disc, GaussianWindow, Grating, MotionCloud, textures

#: Differences that rounding explains: float32 here, whole degrees or float64 there.
#: stimupy rounds its distances to a millionth of a pixel, and moves them a little on purpose.
ALLOWED = {"sine": 1e-4, "square": 0.0, "gaussian": 1e-6, "disc": 0.0, "motion cloud": 1e-3}
#: stimupy's centre is the pixel right of and below the middle; ours is the middle.
CENTRE = {"x_px": 0.5, "y_px": -0.5}


def grating(draw, steepest):
    """Draw a static grating, and render it with stimupy."""
    height, width = (2 * int(n) for n in draw.integers(4, 32, 2))
    frequency, direction = draw.uniform(0.01, steepest), draw.uniform(0, 360)
    phase = draw.uniform(0, 360)
    ours = Grating(
        frames=1,
        height=height,
        width=width,
        spatial_frequency_cpp=frequency,
        direction_deg=direction,
        phase_deg=phase,
    )
    theirs = waves.sine_linear(
        shape=(height, width),
        ppd=1,
        frequency=frequency,
        rotation=direction,
        phase_shift=phase + 90 + off_centre(frequency, direction),  # theirs is a sine
        intensities=(0, 1),
        origin="center",
        round_phase_width=False,
    )["img"]
    # It stretches what the field shows of the wave to all of 0 to 1: undone here.
    shown = ours.render()
    return ours, shown.min() + theirs * (shown.max() - shown.min())


def sine(draw):
    """Static sine gratings at any frequency, direction and phase."""
    ours, theirs = grating(draw, 0.35)
    return abs(ours.render()[0, 0] - theirs).max()


def square(draw):
    """Square waves, at pixels that no edge crosses: theirs are not area sampled."""
    ours, theirs = grating(draw, 0.1)
    shown = ours.model_copy(update={"waveform": "square"}).render()[0, 0]
    # Not at the edges, nor where rounding may put theirs on the other side of one.
    whole = (np.minimum(shown, 1 - shown) < 1e-6) & (abs(theirs - 0.5) > 0.01)
    return abs(shown.round() - (theirs > 0.5))[whole].max(initial=0)


def off_centre(frequency, direction):
    """Give the phase between the two centres, in degrees."""
    angle = np.deg2rad(direction)
    return 360 * frequency * (np.cos(angle) - np.sin(angle)) / 2


def gaussian(draw):
    height, width = (2 * int(n) for n in draw.integers(4, 32, 2))
    sigma = draw.uniform(1, 12)
    ours = GaussianWindow(sigma_px=sigma, **CENTRE).window(height, width)
    theirs = gaussians.gaussian(shape=(height, width), ppd=1, sigma=sigma, origin="center")["img"]
    return abs(ours - theirs).max()


def disc(draw):
    """Discs, at pixels that the edge does not cross."""
    height, width = (2 * int(n) for n in draw.integers(8, 32, 2))
    radius = draw.uniform(2, 7.5)
    ours = Disc(radius_px=radius, **CENTRE).window(height, width)
    theirs = shapes.disc(shape=(height, width), ppd=1, radius=radius, origin="center")["img"]
    whole = (ours == 0) | (ours == 1)
    return abs(ours - theirs)[whole].max()


def motion_cloud(draw):
    """Clouds of the same white noise, through their filter and through ours."""
    frames, height, width = (2 * int(n) for n in draw.integers(6, 20, 3))
    octaves, turned, spread = draw.uniform(0.15, 0.35), draw.uniform(8, 30), draw.uniform(0.1, 0.3)
    direction, speed = draw.uniform(0, 360), draw.uniform(0.2, 1.0)
    cloud = MotionCloud(
        frames=frames,
        height=height,
        width=width,
        spatial_frequency_cpp=0.15,
        spatial_bandwidth_octaves=octaves,
        direction_deg=direction,
        direction_bandwidth_deg=turned,
        speed_px_s=30 * speed,
        speed_bandwidth_px_s=30 * spread,
        seed=int(draw.integers(1 << 30)),
    )
    ours = cloud.signal()[0]
    angle = -np.deg2rad(direction)  # their y points down
    envelope = MotionClouds.envelope_gabor(
        *MotionClouds.get_grids(width, height, frames),
        V_X=speed * np.cos(angle),
        V_Y=speed * np.sin(angle),
        B_V=spread,
        sf_0=0.15,
        B_sf=0.15 * (2**octaves - 1),
        theta=angle,
        B_theta=np.deg2rad(turned),
    )
    noise = textures.generator(cloud.seed, "motion_cloud").standard_normal(
        (frames, height, width), dtype=np.float32
    )
    theirs = MotionClouds.random_cloud(envelope, events=noise.transpose(2, 1, 0).astype(float))
    theirs = theirs.transpose(2, 1, 0)
    return abs(ours - theirs / theirs.std()).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    cases = parser.parse_args().cases
    warnings.simplefilter("ignore")  # of the peers
    failed = []
    for kind in (sine, square, gaussian, disc, motion_cloud):
        name = kind.__name__.replace("_", " ")
        begin = time.process_time()
        found = [
            float(kind(np.random.Generator(np.random.PCG64([number, cases]))))
            for number in range(cases)
        ]
        print(
            f"{name:13} {cases} compared, largest difference {max(found):.2g} "
            f"(allowed {ALLOWED[name]:g}), {time.process_time() - begin:.1f} CPU s"
        )
        failed += [name] if max(found) > ALLOWED[name] else []
    if failed:
        raise SystemExit(f"too far apart: {', '.join(failed)}")


if __name__ == "__main__":
    main()
