"""Data set cards: what was recorded, from whom, how, and under which terms."""

from __future__ import annotations

from dataclasses import dataclass

from neuroai_core.errors import check_known


@dataclass(frozen=True)
class Card:
    """What is to be known of a data set before using it.

    Attributes
    ----------
    name
        As in ``retina-data fetch NAME``.
    title, citation, paper_doi, data_doi
        The paper and the data; an empty DOI is not known.
    species, method, cells, stimuli
        What was recorded from, how, and what was shown.
    rate_hz
        Response values a second, as text.
    licence
        Terms of use as far as they are known here.
    folder
        Its place in the repository.
    """

    name: str
    title: str
    citation: str
    paper_doi: str
    data_doi: str
    species: str
    method: str
    cells: str
    stimuli: str
    rate_hz: str
    licence: str
    folder: str


_SEE = "see the data's page; not stated in the files"

CARDS = {
    card.name: card
    for card in (
        Card(
            "goldin_2022",
            "Context-dependent selectivity to natural images in the retina",
            "Goldin, Lefebvre, Virgili, Pham Van Cang, Ecker, Mora, Ferrari, Marre (2022), "
            "Nature Communications 13:5556",
            "10.1038/s41467-022-33242-8",
            "10.5281/zenodo.6868362",
            "mouse and axolotl",
            "multielectrode array, sorted spikes",
            "retinal ganglion cells",
            "natural images of 108 x 108 pixels, flashed for 300 ms",
            "one count an image (300 ms)",
            _SEE,
            "marre_lab/goldin_2022",
        ),
        Card(
            "hoefling_2024",
            "A chromatic feature detector in the retina signals visual context changes",
            "Hoefling, Szatko, Behrens, Deng, Qiu, Klindt, Jessen, Schwartz, Bethge, Berens, "
            "Franke, Ecker, Euler (2024), eLife 13:e86860",
            "10.7554/eLife.86860",
            "",
            "mouse",
            "two-photon calcium imaging",
            "retinal ganglion cells and displaced amacrine cells, with types and quality",
            "natural movie in green and UV, 18 x 16 pixels (50 um) or 72 x 64 (12.5 um); "
            "chirp; moving bar",
            "30 (interpolated; imaged at about 7.8)",
            _SEE,
            "euler_lab/hoefling_2024",
        ),
        Card(
            "karamanlis_2024",
            "Nonlinear receptive fields evoke redundant retinal coding of natural scenes",
            "Karamanlis, Khani, Schreyer, Zapp, Mietsch, Gollisch (2024), Nature 637:394-401",
            "10.1038/s41586-024-08212-3",
            "10.12751/g-node.ejk8kx",
            "mouse and marmoset",
            "multielectrode array, sorted spikes",
            "retinal ganglion cells",
            "natural images moved by eye movements, flickering gratings and checkers, "
            "flashed images and gratings; 600 x 800 pixels of 7.5 um (some 2.5 um), here 60 x 80",
            "75 (mouse), 85 (marmoset)",
            "CC BY-SA 4.0",
            "gollisch_lab/karamanlis_2024",
        ),
        Card(
            "maheswaranathan_2023",
            "Interpreting the retinal neural code for natural scenes: From computations to neurons",
            "Maheswaranathan, McIntosh, Tanaka, Grant, Kastner, Melander, Nayebi, Brezovec, Wang, "
            "Ganguli, Baccus (2023), Neuron 111:2742-2755",
            "10.1016/j.neuron.2023.06.007",
            "10.25740/rk663dm5577",
            "salamander",
            "multielectrode array, sorted spikes",
            "retinal ganglion cells",
            "natural scenes with jitter, and white noise, 50 x 50 pixels",
            "100",
            _SEE,
            "baccus_lab/maheswaranathan_2023",
        ),
        Card(
            "sridhar_2025",
            "Modeling spatial contrast sensitivity in responses of primate retinal ganglion cells "
            "to natural movies",
            "Sridhar, Vystrcilova, Khani, Karamanlis, Schreyer, Ramakrishna, Krueppel, Zapp, "
            "Mietsch, Ecker, Gollisch (2025)",
            "10.1101/2024.03.05.583449",
            "10.12751/g-node.3dfiti",
            "marmoset",
            "multielectrode array, sorted spikes",
            "retinal ganglion cells",
            "natural movie with eye movements; white noise",
            "85",
            "CC BY 4.0",
            "gollisch_lab/sridhar_2025",
        ),
    )
}


def card(name: str) -> Card:
    """Give the card of a data set.

    Examples
    --------
    >>> card("karamanlis_2024").species
    'mouse and marmoset'
    """
    check_known("data set", [name], CARDS)
    return CARDS[name]
