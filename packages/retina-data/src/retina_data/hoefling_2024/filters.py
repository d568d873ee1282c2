"""Which neurons of Hoefling et al. 2024 are kept, and what each criterion removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, check_known
from retina_data.hoefling_2024.traces import Traces

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Filters:
    """Criteria that a neuron, and then a session, must meet; the defaults are the paper's.

    Each is judged by itself on all neurons, so their order does not matter.

    Parameters
    ----------
    cell_types
        Groups that are kept; None keeps all. 1 to 32 are ganglion cells.
    d_qi, chirp_qi
        Quality of the responses to moving bars and chirp must exceed these.
    logic
        Whether one of the two qualities is enough (``"or"``).
    confidence
        Of the classification, at least.
    min_cells
        Neurons of a session that are kept, at least.
    """

    cell_types: tuple[int, ...] | None = tuple(range(1, 33))
    d_qi: float = 0.6
    chirp_qi: float = 0.35
    logic: Literal["and", "or"] = "or"
    confidence: float = 0.25
    min_cells: int = 11

    #: What keeps everything.
    @classmethod
    def none(cls) -> Filters:
        """Give the criteria that every neuron meets whose responses are numbers."""
        return cls(None, -np.inf, -np.inf, confidence=-np.inf, min_cells=1)

    def masks(self, session: Traces) -> dict[str, Mask]:
        """Give for each criterion which neurons meet it, ``(neurons,)``."""
        check_known("logic", [self.logic], ("and", "or"))
        combine = np.logical_or if self.logic == "or" else np.logical_and
        group = session.neurons["group_assignment"]
        types = np.ones(len(group), bool)
        if self.cell_types is not None:
            types = np.isin(group, self.cell_types)
        return {
            "cell type": types,
            "quality": combine(
                session.neurons["d_qi"] > self.d_qi, session.neurons["chirp_qi"] > self.chirp_qi
            ),
            "confidence": session.neurons["group_confidences"].max(axis=1) >= self.confidence,
            "finite responses": np.isfinite(session.traces).all(axis=1),
        }


@dataclass(frozen=True)
class Removed:
    """What a criterion removed from all sessions.

    ``cells`` fail the criterion, whatever the others say; ``only`` of them
    fail no other.
    """

    criterion: str
    cells: int
    only: int
    sessions: tuple[str, ...] = ()


def filter_responses(
    sessions: Mapping[str, Traces], filters: Filters | None = None
) -> tuple[dict[str, Traces], list[Removed]]:
    """Keep the neurons and sessions that meet the criteria.

    Parameters
    ----------
    sessions
        As `read_traces` gives them.
    filters
        The criteria; by default the paper's.

    Returns
    -------
    The sessions that are left, and for each criterion what it removed.

    Raises
    ------
    InputError
        If nothing is left.
    """
    filters = filters or Filters()
    kept, few = {}, []
    failed: dict[str, int] = {}
    alone: dict[str, int] = {}
    lost = 0
    for name, session in sessions.items():
        masks = filters.masks(session)
        fails = np.sum([~mask for mask in masks.values()], axis=0)
        for criterion, mask in masks.items():
            failed[criterion] = failed.get(criterion, 0) + int((~mask).sum())
            alone[criterion] = alone.get(criterion, 0) + int((~mask & (fails == 1)).sum())
        left = int((fails == 0).sum())
        if left >= filters.min_cells:
            kept[name] = session.select(fails == 0)
        else:
            few.append(name)
            lost += left
    report = [Removed(criterion, failed[criterion], alone[criterion]) for criterion in failed]
    report.append(Removed("neurons in the session", lost, lost, tuple(few)))
    if not kept:
        raise InputError(
            "no session is left after the filters",
            key="filters",
            found="; ".join(f"{r.criterion}: {r.cells} cells removed" for r in report),
        )
    return kept, report
