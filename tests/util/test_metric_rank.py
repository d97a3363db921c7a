"""Which metrics come first where only a few have room."""

from __future__ import annotations

from aspara.util.metric_rank import ranked_metrics
from aspara.util.suggestions import did_you_mean


def test_results_before_counters():
    """A goal, validation, losses and scores, the rest, counters, the machine's: in this order."""
    names = ["system/cpu", "global_step", "grad_norm", "train_loss", "eval/f1", "throughput", "epoch", "cost"]
    assert ["cost", "eval/f1", "train_loss", "grad_norm", "epoch", "global_step", "throughput", "system/cpu"] == (
        ranked_metrics([names], ["cost"])
    )


def test_what_few_runs_have_comes_behind():
    """A validation metric of one run of twenty-one is no column of all of them."""
    assert ["loss", "val/only_once"] == ranked_metrics([["loss"]] * 20 + [["loss", "val/only_once"]])


def test_suggestions():
    """The nearest name is suggested, whatever its case; where none is near, none is."""
    names = ["digits", "MNIST", "val/accuracy"]
    assert " Did you mean 'digits'?" == did_you_mean("digist", names)
    assert " Did you mean 'MNIST'?" == did_you_mean("mnist", names)
    assert "" == did_you_mean("something else", names)
    assert "" == did_you_mean("digits", [])
