"""medsam-job: Segment Anything against RITM on medical images, as a declarative, repeatable job."""

__version__ = "0.1.0"
