//! The methods of [`Client`](crate::Client), by topic.
//!
//! A method costs one request unless the table says otherwise. Signing in with a password that is exchanged for a token, or renewing an access
//! token, costs one more when it is needed; an installation with an older interface up to two more, once.
//!
//! | topic | endpoint | methods |
//! | --- | --- | --- |
//! | [`mounts`] | `GET mounts` | [`mounts`](crate::Client::mounts) |
//! | [`mounts`] | `GET places`, `shared`, `shared/{id}` | [`places`](crate::Client::places), [`shared`](crate::Client::shared), [`shared_file`](crate::Client::shared_file) |
//! | [`mounts`] | `GET`, `PUT`, `DELETE mounts/{m}` | [`mount`](crate::Client::mount), [`rename_mount`](crate::Client::rename_mount), [`leave_mount`](crate::Client::leave_mount) |
//! | [`mounts`] | `POST …/submounts` | [`create_submount`](crate::Client::create_submount) |
//! | [`mounts`] | `POST …/users`, `PUT`, `DELETE …/users/{id}` | [`add_mount_user`](crate::Client::add_mount_user), [`set_mount_user`](crate::Client::set_mount_user), [`remove_mount_user`](crate::Client::remove_mount_user) |
//! | [`mounts`] | `PUT`, `DELETE …/groups/{id}` | [`set_mount_group`](crate::Client::set_mount_group), [`remove_mount_group`](crate::Client::remove_mount_group) |
//! | [`mounts`] | `GET …/reauth` | [`mount_reauth_url`](crate::Client::mount_reauth_url) |
//! | [`files`] | `GET files/info`, `files/list`, `bundle`, `files/tree` | [`info`](crate::Client::info), [`list`](crate::Client::list), [`bundle`](crate::Client::bundle), [`tree`](crate::Client::tree) |
//! | [`files`] | `POST files/folder` | [`create_folder`](crate::Client::create_folder) |
//! | [`files`] | `DELETE files/remove` | [`remove`](crate::Client::remove) |
//! | [`files`] | `PUT files/rename`, `files/copy`, `files/move` | [`rename`](crate::Client::rename), [`copy`](crate::Client::copy), [`move_file`](crate::Client::move_file) |
//! | [`files`] | `GET files/externalstatus`, `files/external` | [`external_status`](crate::Client::external_status), [`external_url`](crate::Client::external_url) |
//! | [`recursive`] | `GET content … files/listrecursive` | [`list_recursive`](crate::Client::list_recursive), [`open_recursive`](crate::Client::open_recursive) |
//! | [`download`] | `GET content … files/get`, `files/get/{name}` | [`get`](crate::Client::get), [`get_as`](crate::Client::get_as) |
//! | [`download`] | `POST content … files/get` | [`zip`](crate::Client::zip), [`zip_files`](crate::Client::zip_files) |
//! | [`download`] | `GET files/get`, `files/download` | [`content_url`](crate::Client::content_url), [`download_link`](crate::Client::download_link) |
//! | [`upload`] | `POST content … files/put` | [`put`](crate::Client::put), and once per client 1 small request if nothing was asked before |
//! | [`upload`] | `GET files/upload` | [`upload_link`](crate::Client::upload_link) |
//! | [`upload`] | `PUT files/create/{template}` | [`create_from_template`](crate::Client::create_from_template) |
//! | [`tags`] | `POST files/tags/add`, `remove`, `set` | [`add_tags`](crate::Client::add_tags), [`remove_tags`](crate::Client::remove_tags), [`set_tags`](crate::Client::set_tags) |
//! | [`versions`] | `GET files/versions`, `POST …/recover`, `…/change` | [`versions`](crate::Client::versions), [`recover_version`](crate::Client::recover_version), [`change_version`](crate::Client::change_version) |
//! | [`versions`] | `GET snapshots`, `POST jobs/files/restoresnapshot` | [`snapshots`](crate::Client::snapshots), [`restore_snapshot`](crate::Client::restore_snapshot) |
//! | [`trash`] | `GET trash` | [`trash`](crate::Client::trash): 1 per page; [`trash_page`](crate::Client::trash_page), [`trash_page_after`](crate::Client::trash_page_after) |
//! | [`trash`] | `POST trash/undelete`, `DELETE trash` | [`undelete`](crate::Client::undelete), [`undelete_all`](crate::Client::undelete_all), [`empty_trash`](crate::Client::empty_trash) |
//! | [`links`] | `GET links`, `GET`, `POST …/links` | [`account_links`](crate::Client::account_links), [`links`](crate::Client::links), [`create_link`](crate::Client::create_link) |
//! | [`links`] | `GET`, `DELETE …/links/{id}` and its properties | [`link`](crate::Client::link), [`remove_link`](crate::Client::remove_link), [`set_link_hash`](crate::Client::set_link_hash), [`set_link_password`](crate::Client::set_link_password), [`reset_link_password`](crate::Client::reset_link_password), [`remove_link_password`](crate::Client::remove_link_password), [`set_link_validity`](crate::Client::set_link_validity), [`set_link_message`](crate::Client::set_link_message), [`set_link_downloadable`](crate::Client::set_link_downloadable), [`link_counter`](crate::Client::link_counter), [`link_qr`](crate::Client::link_qr) |
//! | [`links`] | the same for `receivers` | [`account_receivers`](crate::Client::account_receivers), [`receivers`](crate::Client::receivers), [`create_receiver`](crate::Client::create_receiver), [`receiver`](crate::Client::receiver), [`remove_receiver`](crate::Client::remove_receiver), [`set_receiver_alert`](crate::Client::set_receiver_alert) and so on |
//! | [`public`] | `GET public/links/{id}`, `…/bundle`, `content/links/{id}/files/get/{name}` | [`public_link`](crate::Client::public_link), [`public_bundle`](crate::Client::public_bundle), [`public_get`](crate::Client::public_get) |
//! | [`search`] | `GET search` | [`search`](crate::Client::search): 1 per page; [`search_page`](crate::Client::search_page) |
//! | [`jobs`] | `POST jobs/files/copy`, `move`, `remove` | [`start_copy_job`](crate::Client::start_copy_job), [`start_move_job`](crate::Client::start_move_job), [`start_remove_job`](crate::Client::start_remove_job) |
//! | [`jobs`] | `GET jobs`, `GET`, `DELETE jobs/{id}`, `PUT …/abort`, `DELETE jobs/completed` | [`jobs`](crate::Client::jobs), [`job`](crate::Client::job), [`remove_job`](crate::Client::remove_job), [`abort_job`](crate::Client::abort_job), [`remove_completed_jobs`](crate::Client::remove_completed_jobs) |
//! | [`activity`] | `GET user/activity` | [`activity`](crate::Client::activity) |
//! | [`events`] | WebSocket `/events` | [`events`](crate::Client::events): 1 connection |
//! | [`devices`] | `GET`, `POST devices`, `GET`, `PUT`, `DELETE devices/{id}` | [`devices`](crate::Client::devices), [`create_device`](crate::Client::create_device), [`device`](crate::Client::device), [`rename_device`](crate::Client::rename_device), [`remove_device`](crate::Client::remove_device) |
//! | [`devices`] | `PUT …/search`, `GET …/reauth` | [`set_device_search`](crate::Client::set_device_search), [`device_reauth_url`](crate::Client::device_reauth_url) |
//! | [`account`] | `GET user`, `user/authenticated` | [`user`](crate::Client::user), [`authenticated`](crate::Client::authenticated) |
//! | [`account`] | `GET`, `PUT user/apw`, `DELETE …/{id}` | [`app_passwords`](crate::Client::app_passwords), [`create_app_password`](crate::Client::create_app_password), [`remove_app_password`](crate::Client::remove_app_password) |
//! | [`account`] | `GET`, `PUT`, `POST`, `DELETE user/bookmarks` | [`bookmarks`](crate::Client::bookmarks), [`set_bookmarks`](crate::Client::set_bookmarks), [`add_bookmark`](crate::Client::add_bookmark), [`remove_bookmark`](crate::Client::remove_bookmark) |
//! | [`account`] | `GET user/appconfig`, `GET`, `PUT user/settings/security` | [`app_config`](crate::Client::app_config), [`security_settings`](crate::Client::security_settings), [`set_security_settings`](crate::Client::set_security_settings) |
//! | [`account`] | `GET content … users/{id}/profile-picture` | [`profile_picture`](crate::Client::profile_picture) |
//! | [`login`] | `POST`, `GET`, `DELETE /token` | [`login`](crate::Client::login), [`login_by_header`](crate::Client::login_by_header), [`logout`](crate::Client::logout) |
//! | [`server`] | `GET basicconfig`, `/profile`, `/ip` | [`basic_config`](crate::Client::basic_config), [`profile`](crate::Client::profile), [`ip`](crate::Client::ip) |
//! | [`vault`] | `GET`, `POST vault/repos`, `DELETE …/{id}` | [`vault_repos`](crate::Client::vault_repos), [`create_vault_repo`](crate::Client::create_vault_repo), [`remove_vault_repo`](crate::Client::remove_vault_repo) |

pub mod account;
pub mod activity;
pub mod devices;
pub mod download;
pub mod events;
pub mod files;
pub mod jobs;
pub mod links;
pub mod login;
pub mod mounts;
pub mod public;
pub mod recursive;
pub mod search;
pub mod server;
pub mod tags;
pub mod trash;
pub mod upload;
pub mod vault;
pub mod versions;
