//! Remotes that our `setup` made, in the hands of rclone.
//!
//! * a remote made through the menu, from lines that come through a pipe: both rclones work with it, and change it without harm
//! * one made by a front end in JSON, in a file that gets a password
//! * a remote that rclone made: our dialogue changes it, and rclone goes on with it

use tests::interop::{
    dialogue::setup,
    koofr::KoofrStage,
    tool::{Program, RCLONES},
};

async fn stage_with_file() -> KoofrStage {
    let stage = KoofrStage::new().await;
    stage
        .emulator
        .koofr()
        .write("primary", "/a.txt", "a")
        .unwrap();
    std::fs::remove_file(&stage.config).unwrap();
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_menu_made_rclone_uses() {
    let stage = stage_with_file().await;
    let koofr = stage.emulator.koofr();
    let (url, user, password) = (koofr.url(), koofr.user(), koofr.password());
    let lines = [
        "n",
        "mine",
        "koofr",
        "3",
        url,
        &user,
        "y",
        &password,
        &password,
        "y",
        "",
        "",
        "",
        "a \"remark\"",
        "",
        "n",
        "y",
        "q",
    ];
    let printed = setup(&stage, &[], &lines).await;
    assert!(!printed.contains(&password), "{printed}");
    for program in RCLONES {
        let rclone = stage.tool(program);
        let listed = rclone.run(["lsf", "mine:"]).await.success();
        assert_eq!(listed.text(), "a.txt\n", "{program}");
        let update = ["config", "update", "mine", "setmtime", "false"];
        rclone.run(update).await.success();
        let dumped = rclone.run(["config", "dump"]).await.success().json();
        assert_eq!(dumped["mine"]["description"], "a \"remark\"", "{program}");
    }
    // The dialogue offers what rclone wrote, and leaves it.
    setup(&stage, &["edit", "mine"], &["", "", "", "n", "", "y"]).await;
    let dumped = stage.tool(Program::Rclone175).run(["config", "dump"]).await;
    assert_eq!(dumped.success().json()["mine"]["setmtime"], "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_front_end_made_and_encrypted_rclone_uses() {
    let stage = stage_with_file().await;
    let koofr = stage.emulator.koofr();
    let create = serde_json::json!({"command": "create", "answers": {
        "config_fs_name": "mine", "config_fs_type": "koofr", "provider": "other", "endpoint": koofr.url(), "user": koofr.user(),
        "password": koofr.password(), "config_fs_advanced": "false", "config_fs_confirm": "save",
    }});
    let protect = r#"{"command":"set_password","password":"file password"}"#;
    let printed = setup(&stage, &["--json"], &[&create.to_string(), protect]).await;
    assert!(printed.contains("\"event\":\"saved\""), "{printed}");
    for program in RCLONES {
        let rclone = stage.tool(program);
        let mut command = rclone.command(["lsf", "mine:"]);
        command.env("RCLONE_CONFIG_PASS", "file password");
        let output = command.output().await.unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "a.txt\n",
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rclone_made_the_dialogue_changes() {
    for program in RCLONES {
        let stage = stage_with_file().await;
        let koofr = stage.emulator.koofr();
        let (url, user, password) = (koofr.url(), koofr.user(), koofr.password());
        let rclone = stage.tool(program);
        let create = [
            "config",
            "create",
            "mine",
            "koofr",
            "provider",
            "other",
            "endpoint",
            "http://127.0.0.1:1",
            "user",
            &user,
            "password",
            &password,
        ];
        rclone.run(create).await.success();
        // The address, and all else as it is: the check needs the password that rclone obscured.
        setup(&stage, &["edit", "mine"], &["", url, "", "", "n", "y"]).await;
        let listed = rclone.run(["lsf", "mine:"]).await.success();
        assert_eq!(listed.text(), "a.txt\n", "{program}");
    }
}
