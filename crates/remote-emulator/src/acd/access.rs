//! Who sent a request, and what that allows.

use hyper::Method;

use crate::acd::Acd;
use crate::acd::problem::Problem;
use crate::identity::access::BearerProblem;
use crate::service::Call;

/// Who sent a request.
#[derive(Debug)]
pub(crate) struct Signed {
    scope: String,
    /// When the token ends, in milliseconds since the Unix epoch.
    pub(crate) expires: i64,
    check: bool,
}

impl Signed {
    pub(crate) fn has(&self, scope: &str) -> bool {
        !self.check || self.scope.split(' ').any(|granted| granted == scope)
    }

    pub(crate) fn may_look(&self) -> bool {
        !self.check
            || self
                .scope
                .split(' ')
                .any(|scope| scope.starts_with("clouddrive:read"))
    }

    /// Whether contents of this type may be downloaded.
    pub(crate) fn may_read(&self, content_type: &str) -> bool {
        let of_type = match content_type {
            kind if kind.starts_with("image/") => "clouddrive:read_image",
            kind if kind.starts_with("video/") => "clouddrive:read_video",
            kind if kind.starts_with("text/") || kind.starts_with("application/pdf") => {
                "clouddrive:read_document"
            }
            _ => "clouddrive:read_other",
        };
        ["clouddrive:read_all", "clouddrive:read", of_type]
            .iter()
            .any(|scope| self.has(scope))
    }
}

impl Acd {
    /// Who sent a request; judged by its head, whatever becomes of the token while the body comes.
    pub(crate) fn signed(&self, call: &Call, content: bool) -> Result<Signed, Problem> {
        let (other_header, disguise, check) = {
            let settings = &self.lock().settings;
            (
                settings.accept_amz_access_token,
                settings.disguise_expired_uploads,
                settings.check_scopes,
            )
        };
        let mut value = call.header("authorization").to_owned();
        if value.trim().eq_ignore_ascii_case("bearer") {
            return Err(Problem::empty_bearer());
        }
        let other = call.header("x-amz-access-token");
        if value.is_empty() && other_header && !other.is_empty() {
            value = format!("Bearer {other}");
        }
        let is_upload = content && !matches!(call.method, Method::GET | Method::HEAD);
        let bearer = self.identity.check_bearer(&value).map_err(|problem| {
            if problem == BearerProblem::Expired && is_upload && disguise {
                Problem::expired_in_disguise()
            } else {
                Problem::expired()
            }
        })?;
        Ok(Signed {
            scope: bearer.scope,
            expires: bearer.expires,
            check,
        })
    }
}
