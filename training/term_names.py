"""What terms of losses are called beside metrics, now and in earlier releases."""

TOTAL = "loss"
"""The weighted sum of all terms."""
_TERM = f"{TOTAL}/"
_OF_TRAINING = "train_"


def term_name(name: str) -> str:
    """What the term of a loss is called where metrics stand beside it: no metric has such a name."""
    return _TERM + name


def current_term(name: str) -> str:
    """The name of a term, or of the total, as this release writes it; releases before wrote `iou`."""
    return name if name == TOTAL or name.startswith(_TERM) else term_name(name)


def current_column(name: str) -> str:
    """The name of a column of figures as this release writes it; releases before wrote `train_iou`."""
    if not name.startswith(_OF_TRAINING):
        return name
    return _OF_TRAINING + current_term(name.removeprefix(_OF_TRAINING))
