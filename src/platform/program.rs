//! The program that a shell's line runs.

/// Its operators (POSIX.1-2024, Shell Command Language, "Token Recognition").
const OPERATORS: &str = "<>|&;()\n";
/// What may stand before a command.
const BEFORE: [&str; 8] = ["!", "{", "if", "while", "until", "then", "do", "time"];

/// The program a shell's line begins with: what may be shown and written down, since a line can hold a token. A line that runs
/// several goes by the first one's name.
#[must_use]
pub fn program_of(line: &str) -> String {
    let words = shlex::split(&spaced(line)).unwrap_or_default();
    let program = words.iter().enumerate().find(|(at, word)| is_program(*at, word, &words)).map(|(_, word)| word);
    let name = program.and_then(|path| path.rsplit('/').find(|part| !part.is_empty()));
    name.unwrap_or("the command").chars().take(64).collect()
}

/// The line with spaces around what is not quoted and parts words.
fn spaced(line: &str) -> String {
    let (mut spaced, mut quote, mut escaped) = (String::with_capacity(line.len()), None, false);
    let mut last = ' ';
    for letter in line.chars() {
        let is_operator = |letter| OPERATORS.contains(letter) && quote.is_none() && !escaped;
        // Two of them next to one another are one.
        if is_operator(letter) != is_operator(last) {
            spaced.push(' ');
        }
        spaced.push(letter);
        // It ends a comment too.
        if letter == '\n' && is_operator(letter) {
            spaced.push(';');
        }
        last = if escaped { ' ' } else { letter };
        match letter {
            _ if escaped => escaped = false,
            '\\' if quote != Some('\'') => escaped = true,
            '\'' | '"' if quote == Some(letter) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            _ => {}
        }
    }
    spaced
}

fn is_program(at: usize, word: &str, words: &[String]) -> bool {
    let redirects = |word: &str| is_operator(word) && word.contains(['<', '>']);
    let before = at.checked_sub(1).and_then(|at| words.get(at));
    let (is_target, is_redirected) =
        (before.is_some_and(|it| redirects(it)), words.get(at + 1).is_some_and(|it| redirects(it)));
    // `2>` is about a file descriptor.
    let is_descriptor = is_redirected && word.bytes().all(|letter| letter.is_ascii_digit());
    !(word.is_empty()
        || is_operator(word)
        || is_target
        || is_descriptor
        || is_assignment(word)
        || BEFORE.contains(&word))
}

fn is_operator(word: &str) -> bool {
    word.chars().all(|letter| OPERATORS.contains(letter))
}

/// `NAME=VALUE`
fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::program_of;

    #[test]
    fn the_first_program_is_named_and_nothing_else_of_the_line() {
        for (line, name) in [
            ("cat>/dev/null", "cat"),
            ("cat >/dev/null", "cat"),
            ("pass insert -m aws/$GLASSKEY_USER", "pass"),
            ("FOO=1 \"/opt/my tool/x\" --token=abc", "x"),
            ("A='a b' B=\"c;d\" '/opt/it is/y' z", "y"),
            (">out cmd", "cmd"),
            (">>out 2>&1 cmd -x", "cmd"),
            ("2>/dev/null vault kv put", "vault"),
            ("</dev/null;cat", "cat"),
            ("exit", "exit"),
            ("a;b", "a"),
            ("a|b", "a"),
            ("(tee x)&", "tee"),
            ("{ ! tee x; }", "tee"),
            ("\n  cat\n", "cat"),
            ("# a comment\ncat", "cat"),
            ("if gpg -e; then :; fi", "gpg"),
            ("/usr/bin/a=b c", "a=b"),
            ("my\\ tool x", "my tool"),
            ("a\\;b c", "a;b"),
            ("TOKEN=secret", "the command"),
            ("'unfinished secret", "the command"),
            ("", "the command"),
            ("\"\" x", "x"),
            ("/opt/tool/", "tool"),
            ("echo \"it's\">x", "echo"),
        ] {
            assert_eq!(program_of(line), name, "{line}");
        }
        assert_eq!(program_of(&"x".repeat(100)).len(), 64);
    }
}
