"""The device is asked how busy it is for as long as the work lasts."""

from threading import Event

from job.worker.sampler import sampled


def test_samples_are_taken_until_the_work_ends():
    """The first at once, and none after the end."""
    third, taken = Event(), []

    def read():
        taken.append(len(taken))
        if len(taken) == 3:
            third.set()
        return 10 * taken[-1]

    samples = []
    with sampled(read, samples, every_s=0.001):
        assert third.wait(10)
    count = len(taken)
    assert samples[:3] == [0, 10, 20]
    assert len(samples) == count == len(taken)


def test_a_device_that_cannot_be_asked_is_asked_once():
    """As a CPU, or a GPU without the package that reads it."""
    asked = Event()
    samples = []
    with sampled(lambda: asked.set(), samples, every_s=0.001):
        assert asked.wait(10)
    assert samples == []
