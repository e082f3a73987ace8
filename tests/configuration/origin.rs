//! Which credentials are used. The aws CLI is asked with the same files and the same environment.

use super::{Home, check};
use crate::interop_aws::venv;
use std::process::Command;

impl Home {
    /// The aws CLI in this home.
    fn aws(&self, args: &[&str], environment: &[(&str, &str)]) -> std::process::Output {
        let ours = self.command(&[]);
        let mut command = Command::new(venv().join("bin/aws"));
        command.args(args).env_clear().envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("NO_PROXY", "*").env("AWS_PAGER", "").env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(environment.iter().copied()).current_dir(self.world.keys.home.path()).output().unwrap()
    }

    /// Who the aws CLI is, and who doctor says that we are.
    pub(super) fn both(&self, environment: &[(&str, &str)], profile: Option<&str>) -> (String, String) {
        let flags: Vec<&str> = profile.iter().flat_map(|name| ["--profile", *name]).collect();
        let query = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
        let theirs = self.aws(&[&query[..], &flags].concat(), environment);
        let theirs = String::from_utf8(if theirs.status.success() { theirs.stdout } else { theirs.stderr }).unwrap();
        let mut command = self.command(&[&["doctor", "--json"][..], &flags].concat());
        let ours = crate::support::run(command.envs(environment.iter().copied()));
        (theirs.trim().to_owned(), check(&ours, "aws_identity")["message"].as_str().unwrap().to_owned())
    }
}

/// Names with spaces, quotes and letters of other alphabets.
#[test]
fn profiles_are_found_as_aws_configure_writes_them() {
    let home = Home::new();
    let admin = home.world.aws.admin();
    for name in ["my profile", "l’équipe d’été", "日本 1", "two  spaces", "a.b@c"] {
        for (setting, value) in [
            ("aws_access_key_id", admin.access_key_id.as_str()),
            ("aws_secret_access_key", admin.secret_access_key.as_str()),
            ("region", "eu-west-1"),
        ] {
            let done = home.aws(&["configure", "set", setting, value, "--profile", name], &[]);
            assert!(done.status.success(), "{name}: {done:?}");
        }
        let (theirs, ours) = home.both(&[], Some(name));
        assert_eq!((theirs.as_str(), ours.as_str()), (home.admin().as_str(), home.admin().as_str()), "{name}");
        let mut command = home.command(&["doctor", "--json", "--offline", "--profile", name]);
        let said = crate::support::run(command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION"));
        let line = format!("profile {name}, region eu-west-1");
        assert_eq!(check(&said, "aws_configuration")["message"], line.as_str());
    }
    let (theirs, ours) = home.both(&[("AWS_PROFILE", "my profile")], None);
    assert_eq!((theirs, ours), (home.admin(), home.admin()));
}

/// What config and credentials say, the variables, --profile, and who it is.
type Case<'a> = (String, String, Vec<(&'a str, &'a str)>, Option<&'a str>, &'a str);

/// The order of everything that can name credentials: the aws CLI and glasskey are the same principal in each.
#[test]
fn credentials_are_found_in_the_order_of_the_aws_cli() {
    let home = Home::new();
    let user = |name: &str| {
        let keys = crate::enroll::api::free_user(&home.world.aws, name);
        let process = serde_json::json!({
            "Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
        });
        home.write(name, process.to_string());
        let settings = format!(
            "aws_access_key_id = {}\naws_secret_access_key = {}\n",
            keys.access_key_id, keys.secret_access_key
        );
        (settings, format!("credential_process = cat {}\n", home.path(name).display()), keys)
    };
    let (ann, bea, cid) = (user("ann"), user("bea"), user("cid"));
    let environment = [
        ("AWS_ACCESS_KEY_ID", cid.2.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", cid.2.secret_access_key.as_str()),
    ];
    let both = [&environment[..], &[("AWS_PROFILE", "p")]].concat();
    let role = format!("role_arn = arn:aws:iam::{}:role/none\n", home.world.aws.account());
    // What config and credentials say, the variables, --profile, and who it is: ann, bea or cid.
    let cases: Vec<Case<'_>> = vec![
        (format!("[profile p]\n{}", ann.0), String::new(), vec![], Some("p"), "ann"),
        (format!("[profile p]\n{}", ann.0), format!("[p]\n{}", bea.0), vec![], Some("p"), "bea"),
        (format!("[profile p]\n{}", ann.1), format!("[p]\n{}", bea.0), vec![], Some("p"), "bea"),
        (format!("[profile p]\n{}{}", ann.1, bea.0), String::new(), vec![], Some("p"), "ann"),
        (format!("[profile p]\n{}", ann.0), String::new(), both.clone(), None, "cid"),
        (format!("[profile p]\n{}", ann.0), String::new(), environment.to_vec(), Some("p"), "ann"),
        (format!("[profile p]\n{}", ann.0), format!("[default]\n{}", bea.0), vec![], None, "bea"),
        (
            format!("[profile p]\n{}[profile q]\n{}", ann.0, bea.0),
            String::new(),
            vec![("AWS_DEFAULT_PROFILE", "q"), ("AWS_PROFILE", "p")],
            None,
            "bea",
        ),
        (format!("[default]\n{}[profile default]\n{}", ann.0, bea.0), String::new(), vec![], None, "bea"),
        (format!("[p]\n{}", ann.0), format!("[p]\n{}", bea.0), vec![], Some("p"), "bea"),
        (format!("[profile  \"p\"]\n{}", ann.0.replace(" = ", ":")), String::new(), vec![], Some("p"), "ann"),
        (format!("[profile p]\n{}", ann.0.replace("aws_", "  AWS_")), String::new(), vec![], Some("p"), "ann"),
    ];
    for (config, credentials, variables, profile, who) in cases {
        home.write("config", &config).write("credentials", &credentials);
        let (theirs, ours) = home.both(&variables, profile);
        let wanted = format!("arn:aws:iam::{}:user/{who}", home.world.aws.account());
        assert_eq!((theirs, ours), (wanted.clone(), wanted), "{config}{credentials}{variables:?}");
    }
    home.write("config", format!("[profile p]\n{role}source_profile = nobody\n"));
    let (theirs, _) = home.both(&[], Some("p"));
    assert!(theirs.contains("nobody"), "{theirs}");
}

#[test]
fn doctor_names_the_profile_that_the_credentials_come_from() {
    let home = Home::new();
    let role = format!("arn:aws:iam::{}:role/none", home.world.aws.account());
    home.write(
        "config",
        format!("[profile p]\nrole_arn = {role}\nsource_profile = my base\n[profile nothing]\nregion = x\n"),
    );
    home.write("credentials", format!("[my base]\n{}", home.key()));
    let details = |profile| {
        check(&home.doctor(&["--offline", "--profile", profile]), "aws_configuration")["details"].to_string()
    };
    assert!(details("p").contains("the credentials come from the access key of profile my base"), "{}", details("p"));
    assert!(details("nothing").contains("profile nothing holds no credentials"), "{}", details("nothing"));
}

/// What applies to the configuration in use is said, and nothing else.
#[test]
fn doctor_lists_what_the_aws_cli_does_otherwise() {
    let home = Home::new();
    home.write(
        "config",
        format!(
            "[profile plain]\nregion = eu-west-1\n{0}[profile none]\n{0}[profile odd]\nregion = eu-west-1\n\
             sts_regional_endpoints = legacy\nmax_attempts = 9\n{0}\
             [profile role]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/x\n\
             source_profile = plain\nduration_seconds = 7200\n",
            home.key()
        ),
    );
    let others = |profile: &str, environment: &[(&str, &str)]| -> Vec<String> {
        let mut command = home.command(&["doctor", "--json", "--offline", "--profile", profile]);
        command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").envs(environment.iter().copied());
        let details = check(&crate::support::run(&mut command), "aws_configuration")["details"].clone();
        let details = details.as_array().unwrap().iter().filter_map(|one| one.as_str());
        details.filter_map(|one| one.strip_prefix("other than the AWS CLI: ")).map(str::to_owned).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(others("plain", &[]), none);
    assert_eq!(others("plain", &[("AWS_REGION", "eu-west-1")]), none);
    assert_eq!(
        others("plain", &[("AWS_REGION", "eu-west-2")]),
        ["AWS_REGION names eu-west-2; version 1 of the AWS CLI does not read it, and takes eu-west-1"]
    );
    assert_eq!(
        others("none", &[]),
        ["no region is named, which it refuses for most services; here one serves all the same"]
    );
    assert_eq!(
        others("none", &[("AWS_REGION", "eu-west-2")]),
        ["AWS_REGION names eu-west-2; version 1 of the AWS CLI does not read it, and has no region"]
    );
    let retries = |what: &str| format!("{what} not used; calls are repeated by rules of glasskey's own");
    assert_eq!(
        others("odd", &[("AWS_RETRY_MODE", "standard")]),
        [
            "sts_regional_endpoints is legacy, which is not used; STS is asked in the region".to_owned(),
            retries("AWS_RETRY_MODE and max_attempts are"),
        ]
    );
    assert_eq!(
        others("role", &[]),
        ["duration_seconds of profile role (7200) is not used; the role's session lasts an hour"]
    );
}

#[test]
fn a_profile_that_names_what_is_not_there_is_refused_for_it() {
    let home = Home::new();
    home.write(
        "config",
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = gone\n\
         [profile session]\nsso_session = none\nsso_account_id = 123456789012\nsso_role_name = x\n\
         [profile sso]\nsso_session = here\nsso_role_name = x\n\
         [sso-session here]\nsso_region = us-east-1\nsso_start_url = https://x.awsapps.com/start\n",
    );
    home.refuses_profile(
        "role",
        "profile \"role\" assumes its role with the credentials of profile \"gone\", and there is no such profile",
        "aws configure --profile gone",
    );
    home.refuses_profile(
        "session",
        "profile \"session\" signs in with sso-session \"none\", and there is none of that name",
        "aws configure sso-session",
    );
    home.refuses_profile(
        "sso",
        "profile \"sso\" signs in with IAM Identity Center, and its sso_account_id is missing",
        "aws configure sso --profile sso",
    );
    home.refuses_profile("pord", "there is no AWS profile \"pord\"", "there are: role, session, sso\n");
}

#[test]
fn a_role_with_mfa_names_the_command_that_opens_it() {
    let home = Home::new();
    let config = "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = my base\n\
                  mfa_serial = arn:aws:iam::123456789012:mfa/me\n";
    home.write("config", config).write("credentials", format!("[my base]\n{}", home.key()));
    home.refuses_profile(
        "admin",
        "profile \"admin\" assumes its role with a one-time code (mfa_serial)",
        "glasskey session arn:aws:iam::123456789012:mfa/me --profile 'my base' --role arn:aws:iam::123456789012:role/admin",
    );
}

/// A pair that is spread over both files is nobody's to the aws CLI.
#[test]
fn an_access_key_is_of_one_file_or_refused() {
    let home = Home::new();
    let admin = home.world.aws.admin();
    let id = format!("[a]\naws_access_key_id = {}\n", admin.access_key_id);
    let secret = format!("aws_secret_access_key = {}\n", admin.secret_access_key);
    let lacks = |name: &str| {
        let path = home.path(name).display().to_string();
        format!("profile \"a\" has an aws_access_key_id in {path}, and no aws_secret_access_key beside it")
    };
    for (config, credentials, at) in [
        (format!("[profile a]\n{secret}"), id.clone(), "credentials"),
        (id.replace("[a]", "[profile a]"), format!("[a]\n{secret}"), "config"),
    ] {
        home.write("config", config).write("credentials", credentials);
        let (theirs, _) = home.both(&[], Some("a"));
        assert!(theirs.contains("Partial credentials"), "{theirs}");
        home.refuses_profile("a", &lacks(at), "write both into that one file");
        let said = home.doctor(&["--offline", "--profile", "a"]);
        let said = check(&said, "aws_configuration");
        assert_eq!((&said["verdict"], &said["message"]), (&"problem".into(), &lacks(at).into()));
    }
    // A secret without an id is nobody's; the pair of the other file is whole.
    home.write("config", format!("[profile a]\n{}", home.key()))
        .write("credentials", "[a]\naws_secret_access_key = x\n");
    assert_eq!(home.both(&[], Some("a")), (home.admin(), home.admin()));
}

#[test]
fn a_section_that_lacks_the_word_profile_is_named() {
    let home = Home::new();
    home.write(
        "config",
        "[bob]\nregion = eu-west-1\n[profile a]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = bob\n",
    );
    let note = format!(
        "{} has a section [bob], which is no profile's: the word `profile` is missing\n\
         glasskey: hint: write [profile bob] there\n",
        home.path("config").display()
    );
    home.refuses_profile("bob", "there is no AWS profile \"bob\"", &note);
    let error = "the source_profile of profile \"a\" is \"bob\", and there is no such profile";
    home.refuses_profile("a", error, &note);
}

/// As the old Macintosh wrote them; Python reads every kind.
#[test]
fn files_whose_lines_end_with_carriage_returns_are_read() {
    let home = Home::new();
    home.write("credentials", format!("[default]\n{}", home.key()).replace('\n', "\r"));
    home.write("config", "[default]\rregion = eu-west-1\r");
    assert_eq!(home.both(&[], None), (home.admin(), home.admin()));
}

/// The older name of the session token goes first in files too.
#[test]
fn the_older_name_of_the_session_token_is_read_from_files() {
    let bob = crate::session::Bob::new();
    let opened = crate::support::run(&mut bob.command(&["--no-cache", "--format", "json"])).json();
    let word = |name: &str| opened[name].as_str().unwrap().to_owned();
    let key = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        word("access_key_id"),
        word("secret_access_key")
    );
    let token = word("session_token");
    let path = bob.world.keys.home.path().join("older");
    for (tokens, is_bob) in [
        (format!("aws_security_token = {token}\n"), true),
        (format!("aws_security_token = {token}\naws_session_token = another\n"), true),
        (format!("aws_security_token = another\naws_session_token = {token}\n"), false),
    ] {
        std::fs::write(&path, format!("[b]\n{key}{tokens}")).unwrap();
        let mut command = bob.world.glasskey(["doctor", "--json", "--profile", "b"]);
        let done = crate::support::run(command.env("AWS_SHARED_CREDENTIALS_FILE", &path));
        let said = check(&done, "aws_identity")["message"].to_string();
        assert_eq!(said.contains("user/bob"), is_bob, "{tokens}: {said}");
    }
}

#[test]
fn a_section_whose_name_is_nearly_right_is_named() {
    let home = Home::new();
    home.write("config", "[ profile spaced]\nregion = eu-west-1\n");
    home.write("credentials", format!("[profile long]\n{0}[ bob]\n{0}", home.key()));
    for (profile, file, section, right) in [
        ("spaced", "config", "[ profile spaced]", "[profile spaced]"),
        ("long", "credentials", "[profile long]", "[long]"),
        ("bob", "credentials", "[ bob]", "[bob]"),
    ] {
        let (theirs, _) = home.both(&[], Some(profile));
        assert!(theirs.contains("could not be found"), "{profile}: {theirs}");
        let done = crate::support::run(&mut home.command(&["devices", "--profile", profile]));
        assert_eq!(done.code, 3, "{done:?}");
        let note = format!("{} has a section {section}, ", home.path(file).display());
        let hint = format!("glasskey: hint: write {right} there\n");
        assert!(done.stderr.contains(&note) && done.stderr.contains(&hint), "{done:?}");
    }
    let done = crate::support::run(&mut home.command(&["devices", "--profile", "long"]));
    assert!(done.stderr.contains("in this file the word `profile` is superfluous"), "{done:?}");
}

#[test]
fn doctor_says_what_the_aws_cli_reads_otherwise_in_a_value_or_a_name() {
    let home = Home::new();
    home.write("credentials", format!("[default]\n{}", home.key().replacen('\n', " # of the admin\n", 1)));
    let mut command = home.command(&["doctor", "--json", "--offline"]);
    let done = crate::support::run(command.env("AWS_PROFILE", ""));
    let said = check(&done, "aws_configuration")["details"].to_string();
    assert!(said.contains("the value of aws_access_key_id of profile default ends before its comment"), "{said}");
    assert!(said.contains("AWS_PROFILE is empty, which it takes for the name of a profile"), "{said}");
    let (theirs, ours) = home.both(&[], None);
    assert!(!theirs.starts_with("arn:") && ours == home.admin(), "{theirs} {ours}");
    let (theirs, _) = home.both(&[("AWS_PROFILE", "")], None);
    assert!(theirs.contains("config profile ()"), "{theirs}");
}
