"""A remark names the models with demo weights."""

from job.plan.demo import demo_remark


def test_the_remark_names_the_models_with_demo_weights():
    """It names no others."""
    assert demo_remark({"a": "demo", "b": None, "c": "demo"}) == (
        "Demo weights: a, c. They show that the job works; they say nothing about SAM against RITM."
    )


def test_a_study_without_demo_weights_has_no_remark():
    """Nothing is printed."""
    assert demo_remark({"b": None}) is None
