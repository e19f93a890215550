"""The command line with quick models, as a process of its own that a test can kill: python -m tests.fake_worker …"""

import pytest

from job.__main__ import main
from tests.cases import use_fake_models

if __name__ == "__main__":
    use_fake_models(pytest.MonkeyPatch())
    main()
