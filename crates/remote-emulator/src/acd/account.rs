//! What the service tells about the account.

use serde_json::{Value, json};

use crate::acd::Acd;
use crate::acd::node::{Kind, date};
use crate::acd::state::State;
use crate::service::Call;

/// Bytes and number of files of a category.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    bytes: u64,
    count: u64,
}

/// `GET account/endpoint`
pub(crate) fn endpoint(acd: &Acd, call: &Call) -> Value {
    let state = acd.lock();
    let settings = &state.settings;
    let mut answer = json!({ "customerExists": settings.customer_exists });
    if settings.endpoints_missing {
        return answer;
    }
    let with_slash = |url: &str| format!("{}/", url.trim_end_matches('/'));
    let given = |url: &Option<String>| url.as_deref().map(with_slash);
    answer["metadataUrl"] = given(&settings.metadata_url)
        .unwrap_or_else(|| acd.metadata_url(call))
        .into();
    answer["contentUrl"] = given(&settings.content_url)
        .unwrap_or_else(|| acd.content_url(call))
        .into();
    answer["countryAtSignup"] = "US".into();
    answer["region"] = "NA".into();
    answer
}

/// `GET account/info`
pub(crate) fn info() -> Value {
    json!({"termsOfUse": "1.0.0", "status": "ACTIVE"})
}

/// `GET account/quota`
pub(crate) fn quota(state: &State, now: i64) -> Value {
    let quota = state.settings.quota;
    json!({
        "quota": quota,
        "available": quota.saturating_sub(state.used()),
        "lastCalculated": date(now),
        "plans": [],
        "benefits": [],
        "grants": [],
    })
}

/// `GET account/usage`
pub(crate) fn usage(state: &State, now: i64) -> Value {
    let mut sums = [Sum::default(); 4];
    for node in state.nodes().values() {
        let Some(content) = node
            .data
            .content
            .as_ref()
            .filter(|_| node.kind == Kind::File)
        else {
            continue;
        };
        let sum = &mut sums[category(node.data.content_type())];
        sum.bytes = sum.bytes.saturating_add(content.blob.len());
        sum.count += 1;
    }
    let mut answer = json!({ "lastCalculated": date(now) });
    for (name, sum) in ["other", "doc", "photo", "video"].into_iter().zip(sums) {
        let sum = json!({"bytes": sum.bytes, "count": sum.count});
        answer[name] = json!({"total": sum, "billable": sum});
    }
    answer
}

fn category(content_type: &str) -> usize {
    let document = ["text/", "application/pdf", "application/msword"];
    match content_type {
        kind if kind.starts_with("image/") => 2,
        kind if kind.starts_with("video/") => 3,
        kind if document.iter().any(|start| kind.starts_with(start)) => 1,
        kind if kind.contains("officedocument") || kind.contains("ms-powerpoint") => 1,
        _ => 0,
    }
}
