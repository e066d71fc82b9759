//! `remote` on an emulator: each command, its output, its exit code, and how many requests it makes.
//!
//! That its output equals that of rclone is the business of the interoperability suite.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::fs;

use remote_emulator::fault::{Fault, FaultAction};
use serde_json::Value;
use support::{Stage, make_tree};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_folder_is_listed_in_order() {
    let stage = Stage::new().await;
    stage.store("/f/b.txt", "bb");
    stage.store("/f/a.jpg", "a");
    stage.store("/f/sub/c", "c");
    let out = stage.remote(&["lsjson", "--hash", "koofr:f"]).await.ok();
    assert!(out.starts_with("[\n{\"Path\":\"a.jpg\",\"Name\":\"a.jpg\",\"Size\":1,\"MimeType\":\"image/jpeg\",\"ModTime\":\""), "{out}");
    let listed = json(&out);
    let paths: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["Path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["a.jpg", "b.txt", "sub"]);
    assert_eq!(
        listed[0]["Hashes"]["md5"],
        "0cc175b9c0f1b6a831c399e269772661"
    );
    assert_eq!(listed[2]["Size"], -1);
    assert_eq!(listed[2]["MimeType"], "inode/directory");
    assert!(listed[2].get("Hashes").is_none());
}

#[tokio::test]
async fn a_tree_is_listed_with_one_request_behind_the_first() {
    let stage = Stage::new().await;
    for path in ["/t/a/b/c", "/t/a/d", "/t/e"] {
        stage.store(path, "x");
    }
    let out = stage.remote(&["lsjson", "-R", "koofr:t"]).await.ok();
    assert_eq!(json(&out).as_array().unwrap().len(), 5);
    assert_eq!(stage.emulator.koofr().requests().len(), 2);
}

#[tokio::test]
async fn a_file_is_listed_as_itself() {
    let stage = Stage::new().await;
    stage.store("/f/a.txt", "a");
    for arguments in [
        &["lsjson", "koofr:f/a.txt"][..],
        &["lsjson", "-R", "koofr:f/a.txt"],
    ] {
        let listed = json(&stage.remote(arguments).await.ok());
        assert_eq!(listed[0]["Path"], "a.txt", "{arguments:?}");
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{arguments:?}");
    }
    let ls = stage.remote(&["ls", "koofr:f/a.txt"]).await.ok();
    assert_eq!(ls, "        1 a.txt\n");
}

#[tokio::test]
async fn one_entry_is_shown_by_itself() {
    let stage = Stage::new().await;
    stage.store("/f/a.txt", "a");
    let file = stage
        .remote(&["lsjson", "--stat", "koofr:f/a.txt"])
        .await
        .ok();
    assert_eq!(json(&file)["Path"], "a.txt");
    let folder = stage.remote(&["lsjson", "--stat", "koofr:f"]).await.ok();
    assert_eq!(json(&folder)["Path"], "");
    assert_eq!(json(&folder)["IsDir"], true);
    let no_file = ["lsjson", "--stat", "--files-only", "koofr:f"];
    assert_eq!(stage.remote(&no_file).await.ok(), "null\n");
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_a_failure() {
    let stage = Stage::new().await;
    for path in ["/t/a", "/t/b", "/t/c"] {
        stage.store(path, "x");
    }
    let cut = Fault::new(FaultAction::TruncateListing {
        after_lines: 2,
        mid_line: true,
        clean_end: false,
    });
    let cut = cut.on("files/listrecursive").always();
    stage.emulator.koofr().faults().push(cut);
    for command in ["lsjson", "size", "ls"] {
        let recursive: &[&str] = if command == "lsjson" { &["-R"] } else { &[] };
        let arguments: Vec<&str> = [command, "koofr:t"]
            .into_iter()
            .chain(recursive.iter().copied())
            .collect();
        let ended = stage.remote(&arguments).await;
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains("error: "), "{ended:?}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_listed_is_told_and_the_others_are_listed() {
    let stage = Stage::new().await;
    for path in ["/t/a", "/t/b", "/t/c"] {
        stage.store(path, "x");
    }
    let failed = Fault::new(FaultAction::ListingError {
        after_lines: 2,
        code: "Forbidden".to_owned(),
        message: String::new(),
        path: Some("/secret".to_owned()),
    });
    let failed = failed.on("files/listrecursive").always();
    stage.emulator.koofr().faults().push(failed);
    let ended = stage.remote(&["lsjson", "-R", "koofr:t"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("secret"), "{ended:?}");
    assert!(json(&ended.out).as_array().unwrap().len() >= 3, "{ended:?}");
}

#[tokio::test]
async fn files_and_bytes_are_counted() {
    let stage = Stage::new().await;
    stage.store("/t/a", "12345");
    stage.store("/t/b/c", "678");
    let text = stage.remote(&["size", "koofr:t"]).await.ok();
    assert_eq!(text, "Total objects: 2\nTotal size: 8 B (8 Byte)\n");
    let json = stage.remote(&["size", "--json", "koofr:t"]).await.ok();
    assert_eq!(json, "{\"count\":2,\"bytes\":8,\"sizeless\":0}\n");
}

#[tokio::test]
async fn content_is_printed_whole_and_in_part() {
    let stage = Stage::new().await;
    stage.store("/f/ten", "0123456789");
    stage.store("/f/zero", "");
    for (arguments, expected) in [
        (&["koofr:f/ten"][..], "0123456789"),
        (&["koofr:f"], "0123456789"),
        (&["koofr:f/ten", "--offset", "3", "--count", "4"], "3456"),
        (&["koofr:f/ten", "--offset", "-3"], "789"),
        (&["koofr:f/ten", "--count", "0"], ""),
        (&["koofr:f/ten", "--head", "2"], "01"),
        (&["koofr:f/ten", "--tail", "2"], "89"),
        (&["koofr:f/zero"], ""),
        (&["koofr:f/zero", "--offset", "5"], ""),
    ] {
        let arguments: Vec<&str> = ["cat"].iter().chain(arguments).copied().collect();
        assert_eq!(
            stage.remote(&arguments).await.ok(),
            expected,
            "{arguments:?}"
        );
    }
    let beyond = stage
        .remote(&["cat", "koofr:f/ten", "--offset", "10"])
        .await;
    assert_eq!(beyond.code, 1, "{beyond:?}");
}

#[tokio::test]
async fn a_stream_is_stored() {
    let stage = Stage::new().await;
    stage
        .remote_with(b"streamed", &["rcat", "koofr:new/folder/file"])
        .await
        .ok();
    assert_eq!(stage.stored("/new/folder/file").unwrap(), b"streamed");
    stage.remote_with(b"", &["rcat", "koofr:empty"]).await.ok();
    assert_eq!(stage.stored("/empty").unwrap(), b"");
    let top = stage.remote_with(b"x", &["rcat", "koofr:"]).await;
    assert_eq!(top.code, 2, "{top:?}");
}

#[tokio::test]
async fn a_stream_of_known_size_is_passed_on_as_it_comes() {
    let stage = Stage::new().await;
    let sized = |size: &'static str| ["rcat", "--size", size, "koofr:f/streamed"];
    stage.remote_with(b"streamed", &sized("8")).await.ok();
    assert_eq!(stage.stored("/f/streamed").unwrap(), b"streamed");
    for size in ["7", "9"] {
        let wrong = stage.remote_with(b"STREAMED", &sized(size)).await;
        assert_eq!(wrong.code, 1, "{wrong:?}");
        assert_eq!(stage.stored("/f/streamed").unwrap(), b"streamed", "{size}");
    }
    stage.remote_with(b"other", &sized("-1")).await.ok();
    assert_eq!(stage.stored("/f/streamed").unwrap(), b"other");
}

#[tokio::test]
async fn times_are_set_and_missing_files_are_made() {
    let stage = Stage::new().await;
    let modified = |path: &str| {
        let entry = stage.emulator.koofr().entry("primary", path).unwrap();
        entry.map(|entry| entry.modified)
    };
    stage.remote(&["touch", "-C", "koofr:new"]).await.ok();
    stage.remote(&["touch", "-R", "koofr:new"]).await.ok();
    assert_eq!(modified("/new"), None);
    let at = ["touch", "-t", "2026-01-02T03:04:05.678", "koofr:new"];
    stage.remote(&at).await.ok();
    assert_eq!(modified("/new"), Some(1_767_323_045_678));
    stage.store("/new", "content");
    stage
        .remote(&["touch", "-t", "260102", "koofr:new"])
        .await
        .ok();
    assert_eq!(modified("/new"), Some(1_767_312_000_000));
    assert_eq!(stage.stored("/new").unwrap(), b"content");

    stage.store("/d/a", "a");
    stage.store("/d/below/b", "b");
    let b = modified("/d/below/b");
    stage
        .remote(&["touch", "-t", "260102", "koofr:d"])
        .await
        .ok();
    assert_eq!(modified("/d/a"), Some(1_767_312_000_000));
    assert_eq!(modified("/d/below/b"), b);
    stage
        .remote(&["touch", "-R", "-t", "260102", "koofr:d"])
        .await
        .ok();
    assert_eq!(modified("/d/below/b"), Some(1_767_312_000_000));
    let wrong = stage.remote(&["touch", "-t", "today", "koofr:new"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn arguments_need_not_be_text() {
    use std::{
        ffi::{OsStr, OsString},
        os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    };
    let stage = Stage::new().await;
    let name = |before: &[u8]| OsString::from_vec([before, b"caf\xe9 \xff"].concat());
    let local = stage.dir.path().join(name(b""));
    fs::write(&local, "content").unwrap();
    let (there, moved) = (name(b"koofr:d/"), name(b"koofr:e/"));
    let word = OsStr::new;
    let copyto = [word("copyto"), local.as_os_str(), &there];
    stage.remote_os(&copyto).await.ok();
    assert_eq!(
        stage.remote_os(&[word("cat"), &there]).await.ok(),
        "content"
    );
    // The server cannot hold these bytes, so they are encoded.
    assert_eq!(stage.stored("/d/caf‛E9 ‛FF").unwrap(), b"content");
    let moveto = [word("moveto"), &there, &moved];
    stage.remote_os(&moveto).await.ok();
    assert_eq!(stage.stored("/e/caf‛E9 ‛FF").unwrap(), b"content");
    stage.remote_os(&[word("deletefile"), &moved]).await.ok();
    let gone = stage.remote_os(&[word("deletefile"), &moved]).await;
    assert_eq!(gone.code, 4, "{gone:?}");
    let nowhere = [word("lsjson"), OsStr::from_bytes(b"\xff/a:b")];
    assert_ne!(stage.remote_os(&nowhere).await.code, 0);
}

#[tokio::test]
async fn listings_end_where_they_are_told_to() {
    let stage = Stage::new().await;
    for path in ["/t/1", "/t/a/2", "/t/a/b/3"] {
        stage.store(path, "x");
    }
    let count = async |arguments: &[&str]| {
        let listed = stage.remote(arguments).await.ok();
        json(&listed).as_array().unwrap().len()
    };
    assert_eq!(count(&["lsjson", "koofr:t"]).await, 2);
    assert_eq!(count(&["lsjson", "--max-depth", "2", "koofr:t"]).await, 4);
    assert_eq!(
        count(&["lsjson", "-R", "--max-depth", "1", "koofr:t"]).await,
        2
    );
    assert_eq!(count(&["lsjson", "-R", "koofr:t"]).await, 5);
    assert_eq!(count(&["lsjson", "--max-depth", "0", "koofr:t"]).await, 5);
    let ls = stage
        .remote(&["ls", "--max-depth", "2", "koofr:t"])
        .await
        .ok();
    assert_eq!(ls.lines().count(), 2);
    let size = ["size", "--json", "--max-depth", "1", "koofr:t"];
    assert_eq!(json(&stage.remote(&size).await.ok())["count"], 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_whose_local_name_stands_for_another_one_is_moved_away() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["AC／DC", "‛‛x"]);
    stage
        .remote(&["moveto", &stage.text("src"), "koofr:t"])
        .await
        .ok();
    assert_eq!(fs::read_dir(stage.path("src")).unwrap().count(), 0);
    assert_eq!(stage.emulator.koofr().counts("primary").unwrap().0, 2);
}

#[tokio::test]
async fn trees_and_files_are_copied_both_ways() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a", "d/b"]);
    let (src, back) = (stage.text("src"), stage.text("back"));
    stage
        .remote(&["copy", &src, "koofr:t", "--transfers", "2"])
        .await
        .ok();
    assert_eq!(stage.stored("/t/d/b").unwrap(), b"d/b");
    stage.remote(&["copy", "koofr:t", &back]).await.ok();
    assert_eq!(fs::read_to_string(stage.path("back/d/b")).unwrap(), "d/b");
    // A file goes into a folder with `copy`, and to a path with `copyto`.
    let file = stage.text("src/a");
    stage.remote(&["copy", &file, "koofr:into"]).await.ok();
    assert!(stage.stored("/into/a").is_some());
    stage.remote(&["copyto", &file, "koofr:as"]).await.ok();
    assert!(stage.stored("/as").is_some());
    stage.remote(&["copyto", "koofr:t", "koofr:u"]).await.ok();
    for place in ["koofr:t", "koofr:t/a"] {
        let same = stage.remote(&["copyto", place, place]).await;
        assert!(same.err.contains("the same place"), "{same:?}");
        assert_eq!(same.code, 0, "{same:?}");
    }
    assert!(stage.stored("/u/d/b").is_some());
}

#[tokio::test]
async fn an_unchanged_tree_costs_two_requests() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a", "d/b", "d/e/c"]);
    let src = stage.text("src");
    stage.remote(&["copy", &src, "koofr:t"]).await.ok();
    let before = stage.emulator.koofr().requests().len();
    stage.remote(&["copy", &src, "koofr:t"]).await.ok();
    let requests = stage.emulator.koofr().requests().len() - before;
    assert!(requests <= 2, "{requests}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_cannot_be_copied_is_told_and_the_rest_is_copied() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a"]);
    std::os::unix::fs::symlink("a", stage.path("src/link")).unwrap();
    let src = stage.text("src");
    let ended = stage.remote(&["copy", &src, "koofr:t"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("link: "), "{ended:?}");
    assert!(stage.stored("/t/a").is_some());
    let followed = stage.remote(&["copy", "-L", &src, "koofr:t"]).await;
    assert_eq!(followed.code, 0, "{followed:?}");
    assert_eq!(stage.stored("/t/link").unwrap(), b"a");
}

#[tokio::test]
async fn moves_on_the_remote_take_the_content_along() {
    let stage = Stage::new().await;
    stage.store("/f/a", "a");
    stage.store("/f/sub/b", "b");
    stage
        .remote(&["moveto", "koofr:f/a", "koofr:g/A2"])
        .await
        .ok();
    assert_eq!(stage.stored("/g/A2").unwrap(), b"a");
    assert!(stage.stored("/f/a").is_none());
    stage.remote(&["moveto", "koofr:f", "koofr:h"]).await.ok();
    assert_eq!(stage.stored("/h/sub/b").unwrap(), b"b");
    assert!(stage.stored("/f/sub/b").is_none());
}

#[tokio::test]
async fn a_folder_is_moved_into_one_that_is_there() {
    let stage = Stage::new().await;
    stage.store("/f/a", "a");
    stage.store("/f/same", "new");
    stage.store("/g/b", "b");
    stage.store("/g/same", "old content");
    stage
        .remote(&["moveto", "koofr:f", "koofr:g", "--delete-empty-src-dirs"])
        .await
        .ok();
    for (path, content) in [("/g/a", "a"), ("/g/b", "b"), ("/g/same", "new")] {
        assert_eq!(stage.stored(path).unwrap(), content.as_bytes());
    }
    assert_eq!(stage.emulator.koofr().entry("primary", "/f").unwrap(), None);
}

#[tokio::test]
async fn moves_between_machine_and_remote_remove_what_has_arrived() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a", "d/b"]);
    let src = stage.text("src");
    stage.remote(&["moveto", &src, "koofr:t"]).await.ok();
    assert_eq!(stage.stored("/t/d/b").unwrap(), b"d/b");
    assert!(!stage.path("src/d/b").exists());
    assert!(stage.path("src/d").exists(), "like rclone, folders stay");
    let back = stage.text("back");
    stage
        .remote(&["moveto", "koofr:t", &back, "--delete-empty-src-dirs"])
        .await
        .ok();
    assert!(stage.path("back/d/b").exists());
    assert!(stage.stored("/t/d/b").is_none());
    assert_eq!(stage.emulator.koofr().entry("primary", "/t").unwrap(), None);
    let file = stage.text("back/a");
    stage.remote(&["moveto", &file, "koofr:one"]).await.ok();
    assert!(stage.stored("/one").is_some());
    assert!(!stage.path("back/a").exists());
}

#[tokio::test]
async fn a_move_that_fails_leaves_the_original() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a", "b"]);
    let full = Fault::new(FaultAction::QuotaExceeded)
        .on("files/put")
        .always();
    stage.emulator.koofr().faults().push(full);
    let src = stage.text("src");
    let ended = stage.remote(&["moveto", &src, "koofr:t"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(stage.path("src/a").exists() && stage.path("src/b").exists());
}

#[tokio::test]
async fn folders_are_made_and_removed() {
    let stage = Stage::new().await;
    stage.remote(&["mkdir", "koofr:a/b/c"]).await.ok();
    stage.remote(&["mkdir", "koofr:a/b/c"]).await.ok();
    stage.remote(&["rmdir", "koofr:a/b/c"]).await.ok();
    let full = stage.remote(&["rmdir", "koofr:a"]).await;
    assert_eq!(full.code, 1, "{full:?}");
    assert!(full.err.contains("directory is not empty"), "{full:?}");
    stage.remote(&["purge", "koofr:a"]).await.ok();
    assert_eq!(stage.emulator.koofr().entry("primary", "/a").unwrap(), None);
}

#[tokio::test]
async fn the_exit_code_tells_what_is_missing() {
    let stage = Stage::new().await;
    stage.store("/d/f", "x");
    let away = stage.text("away");
    for (arguments, code) in [
        (&["lsjson", "koofr:missing"][..], 3),
        (&["ls", "koofr:missing"], 3),
        (&["size", "koofr:missing"], 3),
        (&["cat", "koofr:missing"], 3),
        (&["rmdir", "koofr:missing"], 3),
        (&["purge", "koofr:missing"], 3),
        (&["link", "koofr:missing"], 3),
        (&["copy", "koofr:missing", &away], 3),
        (&["moveto", "koofr:missing", "koofr:x"], 3),
        (&["deletefile", "koofr:missing"], 4),
        (&["deletefile", "koofr:d"], 4),
        (&["lsjson", "nowhere:"], 1),
        (&["lsjson", &away], 1),
        (&["fly", "koofr:"], 2),
        (&["deletefile", "koofr:"], 2),
        (&["deletefile", "koofr:d/f/"], 2),
        (&["rcat", "koofr:d/f/"], 2),
    ] {
        let ended = stage.remote(arguments).await;
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(!ended.err.is_empty() && ended.out.is_empty(), "{ended:?}");
    }
    assert!(stage.stored("/d/f").is_some());
    assert!(!stage.path("away").exists());
}

#[tokio::test]
async fn a_mistyped_remote_is_told_with_the_names_there_are() {
    let stage = Stage::new().await;
    let ended = stage.remote(&["ls", "kofr:x"]).await;
    assert!(ended.err.contains("configured are: koofr"), "{ended:?}");
    fs::write(&stage.config, "[koofr]\nuser = ann\n").unwrap();
    let ended = stage.remote(&["ls", "koofr:x"]).await;
    assert!(ended.err.contains("has the type \"\""), "{ended:?}");
}

#[tokio::test]
async fn room_is_told() {
    let stage = Stage::new().await;
    let out = stage.remote(&["about", "--json", "koofr:"]).await.ok();
    let about = json(&out);
    let number = |name: &str| about[name].as_u64().unwrap();
    assert_eq!(number("total"), number("used") + number("free"));
    let text = stage.remote(&["about", "koofr:"]).await.ok();
    assert!(text.starts_with("Total:   "), "{text}");
}

#[tokio::test]
async fn links_are_made_for_files() {
    let stage = Stage::new().await;
    stage.store("/f", "x");
    let content = stage.remote(&["link", "koofr:f"]).await.ok();
    assert!(content.contains("/content/links/"), "{content}");
    let page = stage.remote(&["link", "--page", "koofr:f"]).await.ok();
    assert!(!page.contains("/content/"), "{page}");
    stage
        .remote(&["link", "koofr:f", "--expire", "1d"])
        .await
        .ok();
    let wrong = stage.remote(&["link", "koofr:f", "--expire", "soon"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[tokio::test]
async fn passwords_survive_being_obscured() {
    let stage = Stage::new().await;
    for password in ["potato", "-dash", "pässword with spaces"] {
        let obscured = stage.remote(&["obscure", password]).await.ok();
        assert!(!obscured.contains(password));
        let revealed = stage.remote(&["reveal", obscured.trim()]).await.ok();
        assert_eq!(revealed, format!("{password}\n"));
    }
    let piped = stage
        .remote_with(b"potato\r\nsecond line\n", &["obscure", "-"])
        .await
        .ok();
    let revealed = stage.remote(&["reveal", piped.trim()]).await.ok();
    assert_eq!(revealed, "potato\n");
    let wrong = stage.remote(&["reveal", "no way"]).await;
    assert_eq!(wrong.code, 1, "{wrong:?}");
    let nothing = stage.remote(&["obscure", "-"]).await;
    assert_eq!(nothing.code, 2, "{nothing:?}");
}

#[tokio::test]
async fn the_configuration_is_shown_with_obscured_passwords() {
    let stage = Stage::new().await;
    let dump = stage.remote(&["config", "dump"]).await.ok();
    assert_eq!(json(&dump)["koofr"]["type"], "koofr");
    assert!(!dump.contains(&stage.emulator.koofr().password()));
}

#[tokio::test]
async fn a_wrong_password_is_told_after_one_request() {
    let stage = Stage::new().await;
    let obscured = stage.remote(&["obscure", "wrong"]).await.ok();
    let place = format!("koofr,password={}:", obscured.trim());
    let ended = stage.remote(&["lsjson", &place]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.err.contains("application password") || ended.err.contains("sign-in"),
        "{ended:?}"
    );
    assert!(!ended.err.contains(obscured.trim()), "{ended:?}");
    assert_eq!(stage.emulator.koofr().requests().len(), 1);
}

#[tokio::test]
async fn help_is_a_result() {
    let stage = Stage::new().await;
    let help = stage.remote(&["--help"]).await.ok();
    for command in ["lsjson", "copyto", "config", "reveal"] {
        assert!(help.contains(command), "{help}");
    }
}
