from tests.installing import install_package

__all__ = ["install_package"]
