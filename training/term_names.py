"""Names of loss terms in tables of metrics, in this release and in earlier ones."""

TOTAL = "loss"
"""The weighted sum of all terms."""
_TERM = f"{TOTAL}/"
_OF_TRAINING = "train_"


def term_name(name: str) -> str:
    """The name of a loss term in a table of metrics: `loss/iou`, apart from the metric `iou`."""
    return _TERM + name


def current_term(name: str) -> str:
    """This release's name of a term or of the total; earlier ones wrote `iou`."""
    return name if name == TOTAL or name.startswith(_TERM) else term_name(name)


def current_column(name: str) -> str:
    """This release's name of a column of metrics; earlier ones wrote `train_iou`."""
    if not name.startswith(_OF_TRAINING):
        return name
    return _OF_TRAINING + current_term(name.removeprefix(_OF_TRAINING))
