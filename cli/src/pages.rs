//! What is generated from the declaration of the command line: completions, man pages and `docs/cli.md`.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::command;
use crate::output::Done;

/// How wide the help of the page is, in characters.
const WIDTH: usize = 120;

/// Generates the completions of a shell.
pub(crate) fn completions(shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "latchkey", &mut script);
    Done::repeatable(String::from_utf8_lossy(&script).into_owned())
}

/// Generates the man page of a command.
pub(crate) fn man(names: &[String]) -> Result<Done, String> {
    let root = command();
    let mut found = &root;
    for name in names {
        let unknown = || format!("there is no command `{}`", names.join(" "));
        found = found.find_subcommand(name).ok_or_else(unknown)?;
    }
    let mut page = Vec::new();
    let rendered = Man::new(found.clone())
        .source(concat!("latchkey ", env!("CARGO_PKG_VERSION")))
        .manual("Latchkey")
        .render(&mut page);
    rendered.map_err(|error| error.to_string())?;
    Ok(Done::repeatable(String::from_utf8_lossy(&page).into_owned()))
}

/// Generates `docs/cli.md`.
pub(crate) fn reference() -> String {
    let root = command();
    let mut text = String::from(
        "# The command line\n\n\
         `latchkey` administers a deployment. In this repository `cargo latchkey …` builds it, runs it, and finds a running `cargo dev` by\n\
         itself; everywhere else build it by `cargo build --release --package cli` and copy `target/release/latchkey`. `cargo run -p local --bin\n\
         renew` generates this page.\n\n\
         ```sh\n\
         cargo latchkey user list                         # the running cargo dev\n\
         latchkey user list --stack latchkey-prod         # on AWS, by the shell's credentials\n\
         latchkey user list --table UsersTable --endpoint http://127.0.0.1:8000\n\
         ```\n\n\
         A result goes to standard output, and [events](logging.md#events) and errors go to standard error. The exit code is 0, 1 for an error, or\n\
         2 where the command line is wrong. `--output json` prints a JSON object a line with all members; the columns of `table` may change.\n\
         What is about AWS follows its documentation and is not verified on AWS.\n",
    );
    push(&mut text, &root, true);
    for leaf in leaves(&root) {
        push(&mut text, leaf, false);
    }
    text
}

fn push(text: &mut String, command: &Command, is_root: bool) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    // What stands at the root holds everywhere.
    let mut shown = command.clone().term_width(WIDTH).mut_args(|option| {
        let is_everywhere = option.is_global_set() || option.get_id() == "help";
        option.hide(is_everywhere && !is_root)
    });
    let help = shown.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!(
        "\n## {name}\n\n```text\n{}\n```\n",
        lines.join("\n").trim_end()
    ));
}

/// Returns the commands that do something, in the order of the help.
pub(crate) fn leaves(command: &Command) -> Vec<&Command> {
    let shown = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help");
    shown
        .flat_map(|command| {
            if command.has_subcommands() {
                leaves(command)
            } else {
                vec![command]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{command, leaves};
    use crate::Arguments;

    #[test]
    fn each_command_has_an_example_that_is_one_of_it() {
        let root = command();
        for leaf in leaves(&root) {
            let name = leaf.get_bin_name().unwrap();
            let help = leaf.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_else(|| panic!("{name} needs an example as its `after_help`"));
            let example = help.strip_prefix("Example:\n  ").unwrap();
            assert!(example.starts_with(name), "{name}: {example}");
            let quoted = example.split('\'').enumerate();
            let words = quoted.flat_map(|(index, part)| match index % 2 {
                1 => vec![part],
                _ => part.split_whitespace().collect(),
            });
            let typed = words.take_while(|word| !["<", ">", "|"].contains(word));
            if let Err(error) = Arguments::try_parse_from(typed) {
                panic!("{example}: {error}");
            }
        }
    }

    #[test]
    fn the_declaration_is_sound() {
        command().debug_assert();
    }
}
