"""Words that the figures and the section on bias show, where the vocabulary has them."""

from __future__ import annotations

MAP = {
    "people": (
        "king",
        "queen",
        "man",
        "woman",
        "boy",
        "girl",
        "father",
        "mother",
        "brother",
        "sister",
        "wife",
        "husband",
    ),
    "occupations": ("actor", "actress", "director", "writer", "doctor", "nurse", "teacher", "lawyer", "soldier", "cop"),
    "places": ("london", "paris", "america", "england", "france", "japan", "germany", "italy", "china", "hollywood"),
    "numbers": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "genres": ("comedy", "drama", "thriller", "horror", "western", "musical", "documentary", "cartoon", "romance"),
    "good": ("good", "great", "excellent", "wonderful", "brilliant", "amazing", "superb", "fantastic", "perfect"),
    "bad": ("bad", "awful", "terrible", "horrible", "boring", "dull", "stupid", "poor", "worst", "lame"),
    "animals": ("dog", "cat", "horse", "bird", "snake", "shark", "wolf", "monkey", "lion", "rat"),
}
"""Words of the maps by group."""

ARROWS = (
    ("man", "woman"),
    ("king", "queen"),
    ("boy", "girl"),
    ("father", "mother"),
    ("brother", "sister"),
    ("actor", "actress"),
    ("husband", "wife"),
    ("son", "daughter"),
    ("uncle", "aunt"),
    ("prince", "princess"),
)
"""Pairs whose differences the figure of analogies draws as arrows."""

NEIGHBOURS = ("good", "movie", "king", "paris", "three", "dog")
"""Words whose neighbours a run records."""

HE_SHE = (
    ("he", "she"),
    ("his", "her"),
    ("him", "her"),
    ("himself", "herself"),
    ("man", "woman"),
    ("boy", "girl"),
    ("male", "female"),
    ("father", "mother"),
    ("son", "daughter"),
)
"""Pairs whose mean difference is the axis from he to she (Bolukbasi et al. 2016 have ten such pairs)."""

# fmt: off
OCCUPATIONS = (
    "accountant", "architect", "artist", "assistant", "attorney", "author", "baker", "banker", "boss", "butcher",
    "carpenter", "cashier", "chef", "cleaner", "clerk", "coach", "composer", "cop", "critic", "dancer", "dentist",
    "designer", "detective", "director", "doctor", "driver", "editor", "engineer", "farmer", "firefighter",
    "hairdresser", "historian", "housekeeper", "journalist", "judge", "lawyer", "librarian", "maid", "manager",
    "mathematician", "mechanic", "model", "musician", "nanny", "nurse", "painter", "photographer", "pilot", "plumber",
    "poet", "politician", "priest", "producer", "professor", "programmer", "psychiatrist", "psychologist",
    "receptionist", "reporter", "sailor", "scientist", "secretary", "singer", "soldier", "student", "surgeon",
    "tailor", "teacher", "therapist", "waiter", "writer",
)
# fmt: on
"""Occupations whose word does not say a gender."""


def present(words: tuple[str, ...], vocabulary: frozenset[str]) -> list[str]:
    """Those of the words that a vocabulary has."""
    return [word for word in words if word in vocabulary]
