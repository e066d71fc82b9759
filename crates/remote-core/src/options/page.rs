//! The options of a provider as a page of documentation.

use super::{Backend, OptionSpec, OptionType};

/// A page in Markdown with everything the table of a provider says: a list, and then each option with its explanation, the names of its environment
/// variables, and the values to choose from.
///
/// # Examples
///
/// ```
/// use remote_core::options::{Backend, OptionSpec, OptionType, page};
///
/// static EXAMPLE: Backend = Backend::new("example", "Example Drive", &[
///     OptionSpec::new("user", OptionType::String, "Name of the account.").required(),
/// ]);
/// let page = page(&EXAMPLE);
/// assert!(page.contains("| `user` | string |  | required |"));
/// assert!(page.contains("`RCLONE_EXAMPLE_USER`"));
/// ```
#[must_use]
pub fn page(backend: &Backend) -> String {
    let options = backend.options.iter();
    let rows: String = options.clone().map(row).collect();
    let details: String = options.map(|option| details(backend, option)).collect();
    format!(
        "# Options of `{name}`\n\n{about}\n\n\
         An option comes from the remote string (`name,option=value:path`), the environment variable `RCLONE_CONFIG_<REMOTE>_<OPTION>`, \
         `RCLONE_{prefix}_<OPTION>`, the configuration file, or its default, in this order.\n\n\
         | option | type | default | remarks |\n| --- | --- | --- | --- |\n{rows}{details}",
        name = backend.name,
        about = about(backend),
        prefix = upper(backend.prefix),
    )
}

fn about(backend: &Backend) -> String {
    let mut text = format!(
        "{}. In the configuration file: `type = {}`",
        backend.description, backend.name
    );
    for (place, alias) in backend.aliases.iter().enumerate() {
        text.push_str(if place == 0 { "; also read: " } else { ", " });
        text.push_str(&format!("`{alias}`"));
    }
    text.push('.');
    text
}

fn row(option: &OptionSpec) -> String {
    format!(
        "| `{}` | {} | {} | {} |\n",
        option.name,
        cell(&option.value_type.name()),
        code(option.default),
        remarks(option).join(", "),
    )
}

fn remarks(option: &OptionSpec) -> Vec<String> {
    let mut remarks = Vec::new();
    if !option.provider.is_empty() {
        remarks.push(format!("for {}", variants(option.provider)));
    }
    for (applies, remark) in [
        (option.required, "required"),
        (option.secret, "password, stored obscured"),
        (option.sensitive, "left out when shown"),
        (option.advanced, "advanced"),
        (option.hidden, "not asked for in the setup"),
        (option.ours, "not known to rclone"),
    ] {
        if applies {
            remarks.push(remark.to_owned());
        }
    }
    remarks
}

/// `koofr,other` as `koofr or other`, `!other` as `all but other`.
fn variants(filter: &str) -> String {
    let (start, list) = match filter.strip_prefix('!') {
        Some(list) => ("all but ", list),
        None => ("", filter),
    };
    let names: Vec<String> = list.split(',').map(code).collect();
    format!("{start}{}", names.join(" or "))
}

fn details(backend: &Backend, option: &OptionSpec) -> String {
    let title = match option.provider {
        "" => option.name.to_owned(),
        provider => format!("{} ({provider})", option.name),
    };
    let mut text = format!("\n## {title}\n\n{}\n\n", option.help);
    text.push_str(&format!(
        "Environment: `RCLONE_{}_{}`.\n",
        upper(backend.prefix),
        upper(option.name)
    ));
    text.push_str(&values(option));
    text
}

fn values(option: &OptionSpec) -> String {
    let words = match option.value_type {
        OptionType::Choice(words) if option.examples.is_empty() => words,
        _ => &[],
    };
    let examples = option
        .examples
        .iter()
        .map(|example| format!("| {} | {} |\n", code(example.value), cell(example.help)));
    let rows: String = examples
        .chain(words.iter().map(|word| format!("| {} | |\n", code(word))))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("\n| value | meaning |\n| --- | --- |\n{rows}")
}

fn code(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("`{}`", cell(text))
    }
}

/// Text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn upper(name: &str) -> String {
    name.to_uppercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::OptionExample;

    static DRIVE: Backend = Backend::new(
        "big drive",
        "Big Drive",
        &[
            OptionSpec::new("kind", OptionType::Choice(&["a", "b"]), "Which.\n\nMore.")
                .default_text("a"),
            OptionSpec::new("pass", OptionType::String, "Password.")
                .provider("x,y")
                .required()
                .secret(),
            OptionSpec::new("region", OptionType::String, "Where.")
                .provider("!x")
                .advanced()
                .ours()
                .examples(&[OptionExample::new("eu", "Europe")]),
            OptionSpec::new("checkpoint", OptionType::String, "Hidden.").hidden(),
        ],
    )
    .prefix("bd")
    .aliases(&["bigdrive"]);

    #[test]
    fn everything_in_the_table_is_on_the_page() {
        let page = page(&DRIVE);
        for part in [
            "`type = big drive`; also read: `bigdrive`.",
            "| `kind` | a\\|b | `a` |  |\n",
            "| `pass` | string |  | for `x` or `y`, required, password, stored obscured |\n",
            "| `region` | string |  | for all but `x`, advanced, not known to rclone |\n",
            "| `checkpoint` | string |  | not asked for in the setup |\n",
            "\n## kind\n\nWhich.\n\nMore.\n\nEnvironment: `RCLONE_BD_KIND`.\n\n| value | meaning |\n| --- | --- |\n| `a` | |\n| `b` | |\n",
            "| `eu` | Europe |\n",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
