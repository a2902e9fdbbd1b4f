//! What is said of an object that its store did not give: which permission, variable or region is missing.

use crate::source::fault::{Asked, Trouble};
use crate::source::remote::address::Service;

/// The fault in one line, what must hold, and what was found.
pub(super) fn words(trouble: &Trouble) -> (&'static str, &'static str, &'static str) {
    const READABLE: &str = "Every object that is named can be read.";
    match trouble {
        Trouble::NotFound => ("object does not exist", READABLE, "nothing of that name"),
        Trouble::NoBucket => ("bucket does not exist", READABLE, "nothing of that name"),
        Trouble::Denied { asked: Asked::List, .. } => ("no permission to list it", READABLE, "access denied"),
        Trouble::Denied { .. } => ("no permission to read it", READABLE, "access denied"),
        Trouble::NoCredentials(_) => ("no credentials to ask with", READABLE, "nothing that says who asks"),
        Trouble::Refused { .. } => {
            ("the credentials are refused", READABLE, "credentials that the store does not take")
        }
        Trouble::Region => ("the bucket is in another region", READABLE, "an answer that points elsewhere"),
        Trouble::Busy => ("the store is too busy to answer", READABLE, "`slow down`, to the last attempt"),
        Trouble::TimedOut => ("no answer in time", READABLE, "silence, to the last attempt"),
        Trouble::Unreachable(_) => ("the store cannot be reached", READABLE, "no connection that holds"),
        Trouble::Replaced => (
            "object changed while it was looked at",
            "Objects do not change while they are checked.",
            "another version than the one that was listed",
        ),
        Trouble::WrongLength { .. } => ("answer has another length than it says", READABLE, "bytes that are missing"),
        Trouble::NoRanges => ("the server gives whole files only", READABLE, "an answer without a range"),
        Trouble::Address(_) => ("address cannot be read from", READABLE, "an address that leads nowhere"),
        Trouble::Other(_) => ("object cannot be read", READABLE, "an error of the store"),
    }
}

/// What is special about this one. Not escaped.
pub(super) fn detail(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused { code, .. } => code.clone(),
        Trouble::Unreachable(why) | Trouble::Address(why) | Trouble::Other(why) => why.clone(),
        Trouble::WrongLength { got, expected } => format!("{got} of {expected} bytes"),
        _ => String::new(),
    }
}

/// Why it probably is so.
pub(super) fn cause(trouble: &Trouble) -> Option<&'static str> {
    Some(match trouble {
        Trouble::Replaced => "a job is still writing there",
        Trouble::Refused { code, .. } => match &**code {
            "ExpiredToken" | "TokenRefreshRequired" => "the session that they belong to is over",
            "InvalidAccessKeyId" => "the key is of another account, or was deleted",
            "SignatureDoesNotMatch" => "the secret does not belong to the key",
            "RequestTimeTooSkewed" => "the clock of this machine is wrong",
            _ => return None,
        },
        Trouble::Busy => "others use the same prefix, or it is new and the store has not spread it yet",
        Trouble::WrongLength { .. } => "something between here and the store cuts answers short",
        _ => return None,
    })
}

/// What to do.
pub(super) fn help(trouble: &Trouble) -> Option<&'static str> {
    Some(match trouble {
        Trouble::NotFound | Trouble::NoBucket => {
            "check the spelling of bucket and key, and AWS_ENDPOINT_URL where the store is not Amazon's"
        }
        Trouble::Denied { service: Service::S3, asked: Asked::List } => {
            "the policy has to allow `s3:ListBucket` on the bucket; `--files-from` needs no list"
        }
        Trouble::Denied { service: Service::S3, .. } => {
            "the policy has to allow `s3:GetObject` (and `kms:Decrypt` where objects are encrypted with a key of yours)"
        }
        Trouble::Denied { service: Service::Gcs, asked: Asked::List } => {
            "the account needs `storage.objects.list`, which the role Storage Object Viewer has"
        }
        Trouble::Denied { service: Service::Gcs, .. } => {
            "the account needs `storage.objects.get`, which the role Storage Object Viewer has"
        }
        Trouble::Denied { service: Service::Azure, .. } => {
            "the account needs the role Storage Blob Data Reader, or the SAS token the permissions `r` and `l`"
        }
        Trouble::Denied { service: Service::Http, .. } => {
            "the address may need a signature that is not in it, or that is over"
        }
        Trouble::NoCredentials(Service::S3) => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; `--anonymous` for a public bucket"
        }
        Trouble::NoCredentials(Service::Gcs) => {
            "set GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`; `--anonymous` for a \
             public bucket"
        }
        Trouble::NoCredentials(Service::Azure) => {
            "set AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN; `--anonymous` \
             for a public container"
        }
        Trouble::Refused { service: Service::S3, .. } => {
            "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; `aws sts get-caller-identity` shows \
             whether they hold"
        }
        Trouble::Refused { service: Service::Gcs, .. } => "run `gcloud auth application-default login` again",
        Trouble::Refused { service: Service::Azure, .. } => {
            "renew AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN"
        }
        Trouble::Refused { service: Service::Http, .. } => "the server wants a name and a password, which are not sent",
        Trouble::Region => "set AWS_REGION to the region of the bucket: `aws s3api get-bucket-location --bucket NAME`",
        Trouble::Busy => "run it again later, or with fewer `--connections`",
        Trouble::TimedOut => "run it again, or with a longer `--remote-timeout`",
        Trouble::Unreachable(_) => "check the address, AWS_ENDPOINT_URL where the store is your own, and the network",
        Trouble::Replaced => "check when the job is done",
        Trouble::NoRanges => "download the file, and check the copy",
        _ => return None,
    })
}
