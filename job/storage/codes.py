"""How stores and adapters name what went wrong: by code, status, number and kind of error; and the words for it.

What is refused has a pair: what came, and the way out.
"""

from __future__ import annotations

import errno

RIGHTS = "check the credentials (for S3: AWS_ACCESS_KEY_ID, AWS_PROFILE or the role) and what they may do there"
KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the role"
NO_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or a role"
BUCKET = "check its name and AWS_ENDPOINT_URL, or create it"
REGION = "check AWS_REGION and AWS_ENDPOINT_URL"
CERTIFICATE = "check the address, AWS_CA_BUNDLE and SSL_CERT_FILE"
ROOM = "make room, or choose another place"

REFUSED_CODES = {
    "AccessDenied": ("access denied", RIGHTS),
    "AccessDeniedException": ("access denied", RIGHTS),
    "AccountProblem": ("access denied: a problem of the account", RIGHTS),
    "AllAccessDisabled": ("access denied", RIGHTS),
    "NotSignedUp": ("access denied: the account has no S3", RIGHTS),
    "InvalidPayer": ("access denied: the payer", RIGHTS),
    "SignatureDoesNotMatch": ("access denied: the secret key does not fit the access key", KEYS),
    "RequestTimeTooSkewed": ("access denied: the clock of this machine is wrong", "set the clock"),
    "NoSuchBucket": ("there is no such bucket", BUCKET),
    "InvalidBucketName": ("no valid name of a bucket", BUCKET),
    "PermanentRedirect": ("the bucket is in another region", REGION),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", REGION),
    "IllegalLocationConstraintException": ("the bucket is in another region", REGION),
    "QuotaExceeded": ("the store's quota is used up", ROOM),
    "XMinioStorageFull": ("the store is full", ROOM),
}
"""Codes of S3: what each says, and the way out."""

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId"}
"""New credentials may lie where these came from: a role's, or a file that someone keeps up to date."""

PASSING_CODES = {
    "BadDigest", "BandwidthLimitExceeded", "ConditionalRequestConflict", "IncompleteBody", "InternalError",
    "OperationAborted", "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable", "SlowDown", "TooManyRequestsException",
    "TransactionInProgressException", "XAmzContentSHA256Mismatch",
}  # fmt: skip
PASSING_STATUSES = {408, 425, 429}
LASTING_STATUSES = {501, 505}  # of those from 500 on, which else pass

BROKEN_ANSWER = "aiohttp.HttpProcessingError"  # such as one that ends early: it has a status, but of aiohttp's own
PASSING_TYPES = {
    "job.MismatchError", BROKEN_ANSWER, "aiohttp.ClientError", "botocore.ConnectionError",
    "botocore.FlexibleChecksumError", "botocore.HTTPClientError", "botocore.IncompleteReadError",
    "botocore.ResponseParserError", "botocore.CredentialRetrievalError", "botocore.MetadataRetrievalError",
    "builtins.ConnectionError", "builtins.TimeoutError", "http.IncompleteRead", "socket.gaierror", "ssl.SSLError",
    "urllib3.IncompleteRead",
}  # fmt: skip
"""Errors by `package.Name` of their class, or of one that it comes from."""
UNTRUSTED = "certificate verify failed"  # in the text: botocore and aiohttp wrap the kind of error away

REFUSED_TYPES = {
    "botocore.NoCredentialsError": ("no credentials were found", NO_CREDENTIALS),
    "botocore.PartialCredentialsError": ("the credentials are incomplete", NO_CREDENTIALS),
    "botocore.ProfileNotFound": ("AWS_PROFILE names no profile", NO_CREDENTIALS),
    "botocore.SSOError": ("the login has expired", "run `aws sso login` again"),
    "botocore.TokenRetrievalError": ("the login has expired", "run `aws sso login` again"),
    "builtins.ImportError": ("no adapter for such addresses is installed", "pip install it"),
}

OWN_RIGHTS = "check who owns it, and as whom this runs"
REFUSED_NUMBERS = {
    errno.EACCES: ("access denied", OWN_RIGHTS),
    errno.EPERM: ("access denied", OWN_RIGHTS),
    errno.EROFS: ("the file system is read-only", "choose another place"),
    errno.ENOSPC: ("the disk is full", ROOM),
    errno.EDQUOT: ("the disk quota is used up", ROOM),
    errno.EFBIG: ("the file is larger than may be written there", ROOM),
}
PASSING_NUMBERS = {
    errno.EAGAIN, errno.EBUSY, errno.EHOSTUNREACH, errno.EINTR, errno.EIO, errno.ENETDOWN, errno.ENETUNREACH,
    errno.ESTALE,
}  # fmt: skip
