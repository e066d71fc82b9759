//! What the JSON interface says about an account, and what it does to it.

use serde_json::json;

use crate::jotta::Jotta;
use crate::jotta::problem::Answer;
use crate::reply::Reply;
use crate::service::Call;

/// `GET account/v1/customer`
pub(crate) fn customer(jotta: &Jotta, call: &Call) -> Answer {
    let account = jotta.signed_in(call)?;
    let usage = {
        let mut state = jotta.lock();
        state.count();
        state.counted(account.root)
    };
    let limited = account.capacity >= 0;
    let locked = account.read_locked || account.write_locked;
    Ok(Reply::json(&json!({
        "username": account.username,
        "email": account.email,
        "name": "Test User",
        "country_code": "NO",
        "language_code": "en",
        "customer_group_code": "",
        "brand_code": "jotta",
        "account_type": "PERSONAL",
        "subscription_type": if limited { "free" } else { "unlimited" },
        "usage": usage,
        "quota": account.capacity,
        "business_usage": 0,
        "business_quota": 0,
        "write_locked": account.write_locked,
        "read_locked": account.read_locked,
        "locked_cause": locked.then_some("ordered"),
        "web_hash": "",
        "android_hash": "",
        "ios_hash": "",
    })))
}

/// `POST files/v1/purge_trash`
pub(crate) fn purge(jotta: &Jotta, call: &Call) -> Answer {
    let account = jotta.signed_in(call)?;
    let by = jotta.by(account, call);
    let purged = jotta.change(|state| Ok(state.purge(&by)))??;
    Ok(Reply::json(
        &json!({"folders": purged.folders, "files": purged.files}),
    ))
}
