//! What an error of the store library means.

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use super::address::Service;
pub(super) use crate::source::fault::{Asked, Trouble};

impl Trouble {
    /// What the error means.
    pub(super) fn of(error: &Error, service: Service, asked: Asked) -> Self {
        let said = error_text(error);
        let code = code(&said);
        match (error, &*code) {
            (Error::Precondition { .. } | Error::NotModified { .. }, _) | (_, "PreconditionFailed") => {
                return Self::Replaced;
            }
            (
                _,
                "ExpiredToken"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "TokenRefreshRequired"
                | "RequestTimeTooSkewed"
                | "AuthenticationFailed"
                | "InvalidAuthenticationInfo",
            ) => {
                return Self::Refused { service, code };
            }
            (_, "PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect") => return Self::Region,
            (_, "NoSuchBucket" | "ContainerNotFound") => return Self::NoBucket,
            (Error::NotFound { .. }, _) => return Self::NotFound,
            (Error::PermissionDenied { .. }, _) => return Self::Denied { service, asked },
            (Error::Unauthenticated { .. }, _) => return Self::Refused { service, code: "401 Unauthorized".into() },
            _ => {}
        }
        if said.contains("redirect without LOCATION") {
            return Self::Region;
        }
        // Where nothing in the environment says who asks, the machine is asked, and mostly is none that knows.
        if ["169.254.169.254", "metadata.google.internal", "metadata/identity"].iter().any(|host| said.contains(host)) {
            return Self::NoCredentials(service);
        }
        if said.contains("non-partial response") {
            return Self::NoRanges;
        }
        match status(&said) {
            Some(429 | 503) => return Self::Busy,
            Some(401) => return Self::Refused { service, code: "401 Unauthorized".into() },
            Some(403) => return Self::Denied { service, asked },
            Some(404) => return Self::NotFound,
            Some(status) => return Self::Other(shortened(&format!("status {status} {code}"))),
            None => {}
        }
        match chain(error).filter_map(|error| error.downcast_ref::<HttpError>()).last().map(HttpError::kind) {
            Some(HttpErrorKind::Timeout) => Self::TimedOut,
            Some(_) => Self::Unreachable(shortened(innermost(error).as_str())),
            None => Self::Other(shortened(&said)),
        }
    }

    /// Whether the range that was asked for begins behind the end.
    pub(super) fn is_beyond(error: &Error) -> bool {
        status(&error_text(error)) == Some(416)
    }
}

fn chain<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn error_text(error: &Error) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn innermost(error: &Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The status of the last answer. The library keeps the type of the error to itself, so it is taken from the words.
fn status(said: &str) -> Option<u16> {
    let (_, rest) = said.split_once("non-2xx status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// What stands between `<Code>` and `</Code>`.
fn code(body: &str) -> String {
    let inside = |open: &str, close: &str| {
        let (_, rest) = body.split_once(open)?;
        rest.split_once(close).map(|(code, _)| code.trim().to_owned())
    };
    let code = inside("<Code>", "</Code>").unwrap_or_default();
    code.chars().filter(char::is_ascii_alphanumeric).take(60).collect()
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_answer_is_found() {
        assert_eq!(code("<Error><Code>ExpiredToken</Code><Message>x</Message></Error>"), "ExpiredToken");
        assert_eq!((code("no xml"), code("<Code>a\u{1b}[31mb</Code>")), (String::new(), "a31mb".to_owned()));
    }

    #[test]
    fn the_status_of_an_answer_is_found() {
        let said =
            "Error performing GET http://x in 1s - Server returned non-2xx status code: 416 Range Not Satisfiable: x";
        assert_eq!((status(said), status("none")), (Some(416), None));
    }

    #[test]
    fn errors_of_the_store_get_a_name() {
        let source = || "x".into();
        let named = |error| Trouble::of(&error, Service::S3, Asked::List);
        let path = || "k".to_owned();
        assert_eq!(named(Error::NotFound { path: path(), source: source() }), Trouble::NotFound);
        assert_eq!(named(Error::Precondition { path: path(), source: source() }), Trouble::Replaced);
        let denied = Trouble::Denied { service: Service::S3, asked: Asked::List };
        assert_eq!(named(Error::PermissionDenied { path: path(), source: source() }), denied);
        assert_eq!(
            named(Error::Generic { store: "S3", source: "odd".into() }),
            Trouble::Other("Generic S3 error: odd: odd".into())
        );
    }
}
