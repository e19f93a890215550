"""Which errors of the stores are transient and which are refusals, and the messages for the refusals.

Keys are S3 error codes, HTTP statuses, exception types and errno numbers. A refusal's message is a pair: what went
wrong, and how to mend it.
"""

from __future__ import annotations

import errno

PERMISSIONS = "check the credentials (for S3: AWS_ACCESS_KEY_ID, AWS_PROFILE or the role) and their permissions"
KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the role"
NO_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or a role"
PROFILES = "check AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_WEB_IDENTITY_TOKEN_FILE"
BUCKET = "check its name and AWS_ENDPOINT_URL, or create it"
REGION = "check AWS_REGION and AWS_ENDPOINT_URL"
CERTIFICATE = "check the address, and set SSL_CERT_FILE (for S3 also AWS_CA_BUNDLE) to a file with its certificate"
HOST = "check the address, AWS_ENDPOINT_URL, the proxy (HTTPS_PROXY) and this machine's DNS"
REDIRECT = "give the address where it leads, or download the file; MEDSAM_JOB_ALLOWED_ADDRESSES can allow it"
SPACE = "free some space, or choose another location"

ELSEWHERE = {
    "gs": {
        PERMISSIONS: "check the credentials (GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default "
        "login` or the service account) and their permissions",
        BUCKET: "check its name, or create it",
    },
    "az": {
        PERMISSIONS: "check the credentials (AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, "
        "AZURE_STORAGE_CONNECTION_STRING or the identity) and their permissions",
        BUCKET: "check its name and AZURE_STORAGE_ACCOUNT_NAME, or create it",
    },
}
"""Remedies by kind of store, where they differ from those of S3."""


def remedy_in(scheme: str, remedy: str) -> str:
    """Return a remedy in the words of the store of a scheme."""
    store = {"gcs": "gs", "abfs": "az", "abfss": "az"}.get(scheme, scheme)
    return ELSEWHERE.get(store, {}).get(remedy, remedy)


REFUSED_CODES = {
    "AccessDenied": ("access denied", PERMISSIONS),
    "AccessDeniedException": ("access denied", PERMISSIONS),
    "AccountProblem": ("access denied: there is a problem with the account", PERMISSIONS),
    "AllAccessDisabled": ("access denied", PERMISSIONS),
    "NotSignedUp": ("access denied: the account is not signed up for S3", PERMISSIONS),
    "InvalidPayer": ("access denied: the payer is not valid", PERMISSIONS),
    "SignatureDoesNotMatch": ("access denied: the secret key does not match the access key", KEYS),
    "InvalidIdentityToken": ("access denied: the token of the role is not valid", PROFILES),
    "RequestTimeTooSkewed": ("access denied: this machine's clock is wrong", "set the clock"),
    "NoSuchBucket": ("there is no such bucket", BUCKET),
    "InvalidBucketName": ("the bucket's name is not valid", "check its name"),
    "PermanentRedirect": ("the bucket is in another region", REGION),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", REGION),
    "IllegalLocationConstraintException": ("the bucket is in another region", REGION),
    "QuotaExceeded": ("the store's quota is exceeded", SPACE),
    "XMinioStorageFull": ("the store is full", SPACE),
}
"""S3 error codes of refused requests."""

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId"}
"""S3 error codes after which the credentials are read again: a role or an updated file may have new ones."""

TRANSIENT_CODES = {
    "BadDigest", "BandwidthLimitExceeded", "ConditionalRequestConflict", "IncompleteBody", "InternalError",
    "OperationAborted", "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable", "SlowDown", "TooManyRequestsException",
    "TransactionInProgressException", "XAmzContentSHA256Mismatch",
}  # fmt: skip
TAKEN = "PreconditionFailed"  # the answer to a create-only write (`If-None-Match: *`), whose only condition it is
TRANSIENT_STATUSES = {408, 425, 429}
PERMANENT_STATUSES = {501, 505}  # all other statuses from 500 on are transient

BROKEN_RESPONSE = "aiohttp.HttpProcessingError"  # such as a response cut short; aiohttp sets its status, not the server
TRANSIENT_TYPES = {
    "job.MismatchError", BROKEN_RESPONSE, "aiohttp.ClientError", "botocore.ConnectionError",
    "botocore.FlexibleChecksumError", "botocore.HTTPClientError", "botocore.IncompleteReadError",
    "botocore.ResponseParserError", "botocore.CredentialRetrievalError", "botocore.MetadataRetrievalError",
    "azure.ServiceRequestError", "azure.ServiceResponseError", "azure.DecodeError", "google.TransportError",
    "builtins.ConnectionError", "builtins.TimeoutError", "requests.RequestException", "http.IncompleteRead",
    "ssl.SSLError", "urllib3.IncompleteRead",
}  # fmt: skip
"""Exception types as `package.Name` of the class or of one of its bases."""
NO_CONTAINER = ("ContainerNotFound", "ContainerBeingDeleted")  # Azure's codes
FORBIDDEN = "Forbidden: "  # how gcsfs's text begins
OWN_PROGRAM = "custom-process"  # the provider of credentials that is a program of the user's, by botocore's name
UNTRUSTED = "certificate verify failed"  # matched in the text: botocore and aiohttp hide the exception's type

ADAPTER = "install it with pip: for gs://, az:// or hf://, pip install 'medsam-job[gs]', '[az]' or '[hf]'"
REFUSED_TYPES = {
    "job.RedirectError": ("the server redirects to another host, or from https to http", REDIRECT),
    "botocore.NoCredentialsError": ("no credentials were found", NO_CREDENTIALS),
    "botocore.PartialCredentialsError": ("the credentials are incomplete", NO_CREDENTIALS),
    "botocore.ProfileNotFound": ("the profile in AWS_PROFILE does not exist", NO_CREDENTIALS),
    "botocore.ConfigParseError": ("the file of profiles is damaged", PROFILES),
    "botocore.InvalidConfigError": ("the profile is not valid", PROFILES),
    "job.CredentialsFileError": ("a file that the credentials need cannot be read", PROFILES),
    "botocore.SSOError": ("the login has expired", "run `aws sso login` again"),
    "botocore.TokenRetrievalError": ("the login has expired", "run `aws sso login` again"),
    "google.DefaultCredentialsError": ("no credentials were found", PERMISSIONS),
    "google.RefreshError": ("the credentials are not valid or have expired", PERMISSIONS),
    "azure.ClientAuthenticationError": ("no credentials were found, or they are not valid", PERMISSIONS),
    "builtins.ImportError": ("the fsspec adapter for this kind of address is not installed", ADAPTER),
}

FILE_PERMISSIONS = "check its owner and permissions, and which user runs this program"
REFUSED_NUMBERS = {
    errno.EACCES: ("access denied", FILE_PERMISSIONS),
    errno.EPERM: ("access denied", FILE_PERMISSIONS),
    errno.EROFS: ("the file system is read-only", "choose another location"),
    errno.ENOSPC: ("the disk is full", SPACE),
    errno.EDQUOT: ("the disk quota is exceeded", SPACE),
    errno.EFBIG: ("the file exceeds the size limit of this location", "choose another location"),
}
FULL_NUMBERS = {errno.ENOSPC, errno.EDQUOT}
"""The errors of a disk without space. Only file systems raise them: a full store answers with a code or a status."""
TRANSIENT_NUMBERS = {
    errno.EAGAIN, errno.EBUSY, errno.EHOSTUNREACH, errno.EINTR, errno.EIO, errno.ENETDOWN, errno.ENETUNREACH,
    errno.ESTALE,
}  # fmt: skip
