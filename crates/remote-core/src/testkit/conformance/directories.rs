//! Making directories.

use futures::future::join_all;

use super::expect::{Outcome, Test, ensure, refused, same};
use crate::{error::ErrorKind, path::RemotePath};

pub(super) async fn directories_are_made_with_their_ancestors(test: Test) -> Outcome {
    test.remote.create_dir(&test.path("a/b/c")?).await?;
    for below in ["a", "a/b", "a/b/c"] {
        let path = test.path(below)?;
        let entry = test.remote.stat(&path).await?;
        ensure(entry.is_directory(), format!("{below} is not a directory"))?;
        same("path", &entry.path, &path)?;
        same("size of a directory", &entry.size, &None)?;
        same("tag of a directory", &entry.tag, &None)?;
    }
    Ok(())
}

pub(super) async fn making_a_directory_again_is_success(test: Test) -> Outcome {
    let dir = test.path("dir")?;
    let inner = test.path("dir/inner")?;
    test.write(&inner, b"inner").await?;
    test.remote.create_dir(&dir).await?;
    test.expect_content(&inner, b"inner").await?;
    same("number of entries", &test.list(&test.dir).await?.len(), &1)
}

pub(super) async fn many_can_make_the_same_directory(test: Test) -> Outcome {
    let dir = test.path("new/newer")?;
    for result in join_all((0..16).map(|_| test.remote.create_dir(&dir))).await {
        result?;
    }
    let all = test.list_recursive(&test.dir).await?;
    same("number of directories", &all.len(), &2)
}

pub(super) async fn a_directory_cannot_be_made_over_a_file(test: Test) -> Outcome {
    blocked(test, "file").await
}

pub(super) async fn a_directory_cannot_be_made_below_a_file(test: Test) -> Outcome {
    blocked(test, "file/a/b").await
}

async fn blocked(test: Test, dir: &str) -> Outcome {
    let file = test.path("file")?;
    test.write(&file, b"file").await?;
    let result = test.remote.create_dir(&test.path(dir)?).await;
    refused("create_dir", result, ErrorKind::NotADirectory)?;
    test.expect_content(&file, b"file").await?;
    same(
        "number of entries",
        &test.list_recursive(&test.dir).await?.len(),
        &1,
    )
}

pub(super) async fn the_root_can_be_made_again(test: Test) -> Outcome {
    Ok(test.remote.create_dir(&RemotePath::root()).await?)
}

pub(super) async fn many_can_write_into_a_new_directory(test: Test) -> Outcome {
    let names: Vec<_> = (0..8)
        .map(|number| format!("new/newer/file {number}"))
        .collect();
    let writes = names.iter().map(|name| async {
        let path = test.path(name)?;
        test.write(&path, name.as_bytes()).await
    });
    for result in join_all(writes).await {
        result?;
    }
    for name in &names {
        test.expect_content(&test.path(name)?, name.as_bytes())
            .await?;
    }
    let all = test.list_recursive(&test.dir).await?;
    same("number of entries", &all.len(), &(names.len() + 2))
}
