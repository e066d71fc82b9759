//! Collections: filters, pages, sorting, and readers that lag behind.

use std::time::Duration;

use remote_emulator::Emulator;
use remote_emulator::acd::AcdConfig;
use remote_emulator::fault::{Fault, FaultAction};
use remote_emulator::koofr::TreeConfig;
use serde_json::json;

use crate::client::{Server, escape};

#[tokio::test]
async fn the_root_is_found_as_every_client_asks_for_it() {
    let server = Server::start().await;
    server.mkdir(&server.root, "d").await;
    for target in [
        "nodes?filters=isRoot%3Atrue",
        "nodes?filters=kind%3AFOLDER+AND+isRoot%3Atrue",
        "nodes?filters=kind%3AFOLDER%20AND%20isRoot%3Atrue",
    ] {
        let answer = server.get(target).await.json();
        assert_eq!(answer["count"], 1, "{target}");
        let root = &answer["data"][0];
        assert_eq!(root["isRoot"], true);
        assert_eq!(root["parents"], json!([]));
        assert!(root["name"].is_null());
        assert!(answer.get("nextToken").is_none());
    }
}

#[tokio::test]
async fn names_with_every_special_character_are_found() {
    let server = Server::start().await;
    let root = server.root.clone();
    let names = [
        "a b",
        "+-&|!(){}[]^'\"~*?:\\",
        "new\nline",
        "-minus",
        "é😀",
        " both ",
        "star*",
    ];
    for name in names {
        server.upload(&root, name, "x").await;
    }
    let special = |letter: char| " +-&|!(){}[]^'\"~*?:\\".contains(letter);
    for name in names {
        let escaped: String = name
            .chars()
            .flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter]))
            .collect();
        // Quoted and escaped as rclone does it, escaped only as the others do.
        let mut filters = vec![format!("parents:\"{root}\" AND name:\"{escaped}\"")];
        if !name.contains('\n') {
            filters.push(format!("parents:{root} AND name:{escaped}"));
        }
        for filter in filters {
            assert_eq!(server.query(&filter).await.names(), [name], "{filter}");
        }
    }
    let none = server
        .query(&format!("parents:\"{root}\" AND name:\"star\""))
        .await;
    assert_eq!(none.json(), json!({"count": 0, "data": []}));
}

#[tokio::test]
async fn filters_match_as_the_table_says() {
    let server = Server::start().await;
    let root = server.root.clone();
    let folder = server.mkdir(&root, "Docs").await.id();
    server.upload(&folder, "One.txt", "hello").await;
    server.upload(&folder, "two.jpg", "bye").await;
    let gone = server.upload(&folder, "three.txt", "gone").await.id();
    server.call("PUT", &format!("trash/{gone}")).await;
    let rows: [(&str, &[&str]); 16] = [
        ("kind:FILE", &["One.txt", "two.jpg"]),
        ("kind:FOLDER AND isRoot:false", &["Docs"]),
        ("name:one.TXT", &["One.txt"]),
        ("name:t*", &["two.jpg"]),
        ("name:T*", &["two.jpg"]),
        ("name:O* OR name:docs", &["Docs", "One.txt"]),
        ("name:O* and kind:FILE or name:docs", &["Docs", "One.txt"]),
        ("status:TRASH AND kind:FILE", &["three.txt"]),
        ("status:TRASH OR name:docs", &["Docs", "three.txt"]),
        ("status:AVAILABLE AND kind:FILE", &["One.txt", "two.jpg"]),
        (
            "contentProperties.md5:5d41402abc4b2a76b9719d911017c592",
            &["One.txt"],
        ),
        ("contentProperties.contentType:image*", &["two.jpg"]),
        ("contentProperties.size:[4 TO *]", &["One.txt"]),
        (
            "createdDate:[2015-01-01 TO *] AND kind:FILE",
            &["One.txt", "two.jpg"],
        ),
        ("createdDate:[* TO 2015-01-01]", &[]),
        ("name:\"*\"", &[]),
    ];
    for (filter, expected) in rows {
        let answer = server.query(filter).await;
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
        assert_eq!(answer.names(), expected, "{filter}");
    }
    for filter in [
        "kind:(FILE OR FOLDER)",
        "nonsense:x",
        "kind",
        "name:a b",
        "name:\"a",
    ] {
        assert_eq!(server.query(filter).await.status, 400, "{filter}");
    }
    let target = format!("nodes/{folder}/children?filters=name:one.txt");
    assert_eq!(server.get(&target).await.names(), ["One.txt"]);
    assert_eq!(server.get("nodes/nope/children").await.status, 404);
    server
        .acd()
        .change_settings(|settings| settings.case_sensitive_filters = true);
    assert!(server.query("name:one.TXT").await.names().is_empty());
}

#[tokio::test]
async fn ids_with_a_leading_minus_are_found_unless_filters_are_strict() {
    let server = Server::start().await;
    let mut minus = None;
    for number in 0..40 {
        let id = server.acd().create_dir(&format!("/d{number}")).unwrap();
        if id.starts_with('-') {
            minus = Some(id);
        }
    }
    let minus = minus.expect("one of sixteen begins with a minus sign");
    server.upload(&minus, "in", "x").await;
    let unquoted = format!("parents:{minus}");
    assert_eq!(server.query(&unquoted).await.names(), ["in"]);
    server
        .acd()
        .change_settings(|settings| settings.strict_filters = true);
    assert_eq!(server.query(&unquoted).await.status, 400);
    let quoted = format!("parents:\"{minus}\"");
    assert_eq!(server.query(&quoted).await.names(), ["in"]);
}

/// A folder of five files.
async fn five() -> (Server, String) {
    let server = Server::start().await;
    let folder = server.acd().create_dir("/d").unwrap();
    for name in ["a", "e", "c", "b", "d"] {
        server.acd().write(&format!("/d/{name}"), name).unwrap();
    }
    (server, format!("nodes/{folder}/children?limit=2"))
}

#[tokio::test]
async fn pages_follow_one_another_and_know_the_total() {
    let (server, target) = five().await;
    let mut names = Vec::new();
    let mut next = target.clone();
    for _ in 0..3 {
        let page = server.get(&next).await;
        names.extend(page.names());
        assert_eq!(page.json()["count"], 5);
        match page.json().get("nextToken") {
            Some(token) => next = format!("{target}&startToken={}", token.as_str().unwrap()),
            None => assert_eq!(names.len(), 5),
        }
    }
    assert_eq!(names.concat(), "aecbd");
    for (target, status) in [
        ("nodes?limit=0", 400),
        ("nodes?limit=x", 400),
        ("nodes?limit=5000", 200),
        ("nodes?sort=nonsense", 400),
        ("nodes?startToken=nope", 400),
    ] {
        assert_eq!(server.get(target).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn page_tokens_expire_and_belong_to_their_query() {
    let (server, target) = five().await;
    let first = server.get(&target).await.json();
    let token = first["nextToken"].as_str().unwrap().to_owned();
    let other = server.get(&format!("nodes?startToken={token}")).await;
    assert_eq!(other.status, 400);
    let next = format!("{target}&startToken={token}");
    assert_eq!(server.get(&next).await.names(), ["c", "b"]);
    server.acd().clock().advance(Duration::from_secs(600));
    let late = server.get(&next).await;
    assert_eq!(late.status, 400);
    assert_eq!(late.message(), "Next token is expired");
}

#[tokio::test]
async fn a_page_that_met_a_rate_limit_is_lost() {
    let (server, target) = five().await;
    let first = server.get(&target).await.json();
    let next = format!(
        "{target}&startToken={}",
        first["nextToken"].as_str().unwrap()
    );
    server
        .acd()
        .change_settings(|settings| settings.drop_pages = 1);
    assert_eq!(server.get(&next).await.status, 429);
    let after = server.get(&next).await;
    assert_eq!(after.names(), ["d"]);
    assert!(after.json().get("nextToken").is_none());
}

#[tokio::test]
async fn tokens_that_repeat_and_bogus_children_can_be_ordered() {
    let (server, target) = five().await;
    server.acd().change_settings(|settings| {
        settings.repeat_page_tokens = true;
        settings.bogus_children = true;
    });
    let first = server.get(&target).await;
    assert_eq!(first.names().len(), 5, "two real ones, three others");
    let token = first.json()["nextToken"].as_str().unwrap().to_owned();
    let next = format!("{target}&startToken={token}");
    for _ in 0..3 {
        let page = server.get(&next).await;
        assert_eq!(page.names(), ["c", "b"]);
        assert_eq!(page.json()["nextToken"], token.as_str());
    }
}

#[tokio::test]
async fn collections_can_be_sorted_and_asked_for_by_number() {
    let (server, target) = five().await;
    let target = target.replace("limit=2", "limit=3");
    let sorted = |sort: &str| format!("{target}&sort={}", escape(sort));
    let down = server.get(&sorted("['name DESC']")).await;
    assert_eq!(down.names(), ["e", "d", "c"]);
    let token = down.json()["nextToken"].as_str().unwrap().to_owned();
    let next = format!("{}&startToken={token}", sorted("['name DESC']"));
    assert_eq!(server.get(&next).await.names(), ["b", "a"]);
    let far = server.get(&format!("{target}&offset=3")).await;
    assert_eq!(far.names(), ["b", "d"]);
    assert_eq!(server.get("nodes?offset=9999&limit=1").await.status, 400);
}

#[tokio::test]
async fn queries_lag_behind_while_ids_do_not() {
    let server = Server::start().await;
    let root = server.root.clone();
    let a = server.mkdir(&root, "A").await.id();
    let b = server.mkdir(&root, "B").await.id();
    let id = server.upload(&a, "x", "1").await.id();
    server
        .acd()
        .change_settings(|settings| settings.index_lag_ms = 5000);
    let order = json!({"fromParent": a, "childId": id});
    server
        .json("POST", &format!("nodes/{b}/children"), order)
        .await;
    let children = async |id: &str| server.query(&format!("parents:\"{id}\"")).await;
    // The index still has the old place; the document says where the node is.
    let stale = children(&a).await;
    assert_eq!(stale.names(), ["x"]);
    assert_eq!(stale.json()["data"][0]["parents"], json!([b]));
    assert!(children(&b).await.names().is_empty());
    let fresh = server.get(&format!("nodes/{id}")).await.json();
    assert_eq!(fresh["parents"], json!([b]));
    server
        .acd()
        .change_settings(|settings| settings.stale_documents = true);
    assert_eq!(children(&a).await.json()["data"][0]["parents"], json!([a]));
    // A name is taken although nobody sees it.
    let new = server.upload(&a, "new", "2").await.id();
    assert!(server.query("name:new").await.names().is_empty());
    let conflict = server.upload(&a, "NEW", "3").await;
    assert_eq!(conflict.json()["info"]["nodeId"], new.as_str());
    server.acd().clock().advance(Duration::from_secs(5));
    assert!(!children(&a).await.names().contains(&"x".to_owned()));
    assert_eq!(children(&b).await.names(), ["x"]);
    assert_eq!(server.query("name:new").await.names(), ["new"]);
}

#[tokio::test]
async fn one_change_can_be_hidden_and_ids_can_lag_as_well() {
    let server = Server::start().await;
    let root = server.root.clone();
    let hide = FaultAction::DelayVisibility { ms: 1000 };
    server
        .acd()
        .faults()
        .push(Fault::new(hide).on("nodes/create"));
    let id = server.mkdir(&root, "hidden").await.id();
    assert!(server.query("name:hidden").await.names().is_empty());
    assert_eq!(server.get(&format!("nodes/{id}")).await.status, 200);
    server.acd().clock().advance(Duration::from_secs(1));
    assert_eq!(server.query("name:hidden").await.names(), ["hidden"]);
    server
        .acd()
        .change_settings(|settings| settings.id_lag_ms = 1000);
    let other = server.mkdir(&root, "other").await.id();
    assert_eq!(server.get(&format!("nodes/{other}")).await.status, 404);
    server.acd().clock().advance(Duration::from_secs(1));
    assert_eq!(server.get(&format!("nodes/{other}")).await.status, 200);
}

#[tokio::test]
async fn the_synthetic_tree_is_listed_read_and_removed() {
    let config = AcdConfig::default().tree(TreeConfig::new(1000).folders(3));
    let server = Server::build(Emulator::builder().acd(config)).await;
    let root = server.root.clone();
    server.mkdir(&root, "real").await;
    let children = server.get(&format!("nodes/{root}/children")).await;
    assert_eq!(children.names(), ["real", "tree"]);
    let tree = children.json()["data"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let folders = server.query(&format!("parents:{tree}")).await.json();
    assert_eq!(folders["count"], 3);
    let folder = folders["data"][1]["id"].as_str().unwrap().to_owned();
    let mut target = format!("nodes?filters=parents%3A{folder}");
    let mut count = 0;
    loop {
        let page = server.get(&target).await;
        count += page.names().len();
        match page.json().get("nextToken") {
            Some(token) => {
                target = format!(
                    "nodes?filters=parents%3A{folder}&startToken={}",
                    token.as_str().unwrap()
                );
            }
            None => break,
        }
    }
    assert_eq!(count, 332);
    let all = server.query("kind:FILE").await.json();
    assert_eq!(all["count"], 997);
    let file = server.query(&format!("parents:{folder}")).await.json()["data"][0].clone();
    let content = server.download(file["id"].as_str().unwrap(), "").await;
    assert_eq!(file["contentProperties"]["size"], content.body.len());
    assert_eq!(server.mkdir(&folder, "x").await.status, 403);
    assert_eq!(server.mkdir(&root, "TREE").await.status, 409);
    let gone = server.call("PUT", &format!("trash/{folder}")).await;
    assert_eq!(gone.json()["status"], "TRASH");
    assert_eq!(server.get(&format!("nodes/{folder}")).await.status, 404);
    let purged = server.call("PUT", &format!("trash/{tree}")).await;
    assert_eq!(purged.status, 200);
    assert_eq!(server.query("kind:FILE").await.json()["count"], 0);
}
