"""A time axis that costs nothing: one image shown for many steps."""

from __future__ import annotations

import torch

from neuroai_core.errors import InputError


def unroll(
    images: torch.Tensor, labels: torch.Tensor, n_timesteps: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Repeat a batch over time without copying it.

    Parameters
    ----------
    images
        Shape ``(batch, channels, height, width)``.
    labels
        Shape ``(batch,)``.
    n_timesteps
        Steps, 1 or more.

    Returns
    -------
    images
        Shape ``(batch, time, channels, height, width)``: a view with stride 0
        along time. All steps share their memory: clone it before writing.
    labels
        Shape ``(batch, time)``, likewise a view.

    Examples
    --------
    >>> images, labels = unroll(torch.zeros(2, 3, 8, 8), torch.tensor([4, 5]), 100)
    >>> images.shape, labels.shape, images.stride(1)
    (torch.Size([2, 100, 3, 8, 8]), torch.Size([2, 100]), 0)
    """
    if n_timesteps < 1:
        raise InputError(
            "there must be a time step", key="n_timesteps", expected=">= 1", found=n_timesteps
        )
    batch, *rest = images.shape
    return (
        images.unsqueeze(1).expand(batch, n_timesteps, *rest),
        labels.unsqueeze(1).expand(batch, n_timesteps, *labels.shape[1:]),
    )
