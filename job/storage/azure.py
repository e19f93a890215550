"""Azure Blob Storage through adlfs.

Azure's library repeats a request that fails. adlfs has no option for how, and by default each first wait is 15 s: a
status 503 (tests/integration/test_other_stores.py). Its client is therefore made here.
"""

from __future__ import annotations

import logging
from typing import Any

from adlfs import AzureBlobFileSystem
from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry

from job.errors import StoreRefusedError
from job.storage.retry import STALL_S

REPEATS, WAIT_BASE_S, JITTER_S = 2, 2, 1  # the first wait takes 1 s to 3 s, the second 3 s to 5 s
UNNAMED = (
    "az://: no storage account is named; set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY, "
    "AZURE_STORAGE_SAS_TOKEN or a workload identity; or AZURE_STORAGE_CONNECTION_STRING"
)

for _library in ("azure", "adlfs"):
    logging.getLogger(_library).addHandler(logging.NullHandler())  # it writes to a terminal where nobody set up a log


class Azure(AzureBlobFileSystem):  # type: ignore[misc]
    """The file system of `az://` and `abfs://` addresses."""

    protocol = ("az", "abfs", "abfss")

    def do_connect(self) -> None:
        """Make the client of the storage account that the environment names."""
        options: dict[str, Any] = {
            "retry_policy": ExponentialRetry(0, WAIT_BASE_S, REPEATS, random_jitter_range=JITTER_S),
            "connection_timeout": STALL_S,
            "read_timeout": STALL_S,
        }
        if self.connection_string:
            try:
                self.service_client = BlobServiceClient.from_connection_string(self.connection_string, **options)
            except ValueError as error:
                raise StoreRefusedError(f"az://: AZURE_STORAGE_CONNECTION_STRING is not valid: {error}") from None
            return
        if not self.account_name:
            raise StoreRefusedError(UNNAMED)
        self.account_url = f"https://{self.account_name}.blob.core.windows.net"
        credential = self.credential or self.account_key or self.sas_token
        self.service_client = BlobServiceClient(self.account_url, credential=credential, **options)
