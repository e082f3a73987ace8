//! What to type, by operating system.

use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Debian,
    Fedora,
    Arch,
    Suse,
    Alpine,
    OtherLinux,
    MacOs,
    Windows,
    Bsd,
}

fn system() -> System {
    if cfg!(target_os = "linux") {
        fs::read_to_string("/etc/os-release").map_or(System::OtherLinux, |text| of_release(&text))
    } else if cfg!(target_os = "macos") {
        System::MacOs
    } else if cfg!(windows) {
        System::Windows
    } else {
        System::Bsd
    }
}

/// From os-release(5): the name, then those it is like.
fn of_release(text: &str) -> System {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    let (id, like) = (value("ID"), value("ID_LIKE"));
    let family = |name: &str| match name {
        "debian" | "ubuntu" => Some(System::Debian),
        "fedora" | "rhel" | "centos" => Some(System::Fedora),
        "arch" => Some(System::Arch),
        "suse" | "opensuse" => Some(System::Suse),
        "alpine" => Some(System::Alpine),
        _ => None,
    };
    std::iter::once(id.as_str()).chain(like.split(' ')).find_map(family).unwrap_or(System::OtherLinux)
}

/// The PC/SC service does not answer.
pub(super) fn start_service() -> Vec<String> {
    service_of(system(), service_is_installed())
}

/// What is the matter with a PC/SC service that does not answer.
pub(super) fn no_service() -> &'static str {
    if service_is_installed() { "is not running" } else { "is not installed" }
}

/// Whether the PC/SC service is on this machine: always, where it is the system's own.
fn service_is_installed() -> bool {
    const USUAL: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/usr/local/sbin"];
    let named = std::env::var_os("PATH").unwrap_or_default();
    let mut places = USUAL.iter().map(PathBuf::from).chain(std::env::split_paths(&named));
    matches!(system(), System::MacOs | System::Windows) || places.any(|place| place.join("pcscd").exists())
}

fn service_of(system: System, installed: bool) -> Vec<String> {
    let start = "sudo systemctl enable --now pcscd.socket";
    let install = match system {
        System::Debian => "sudo apt install pcscd",
        System::Fedora => "sudo dnf install pcsc-lite pcsc-lite-ccid",
        System::Arch => "sudo pacman -S pcsclite ccid",
        System::Suse => "sudo zypper install pcsc-lite pcsc-ccid",
        System::Alpine => "sudo apk add pcsc-lite ccid && sudo rc-service pcscd start",
        System::OtherLinux => "install pcsc-lite and the CCID driver, then start pcscd",
        System::Bsd => "pkg install pcsc-lite ccid && service pcscd onestart",
        System::MacOs => return vec!["macOS starts the service with the first reader: plug the key in".to_owned()],
        System::Windows => return vec!["as administrator: sc.exe start SCardSvr".to_owned()],
    };
    let has_systemd = !matches!(system, System::Alpine | System::OtherLinux | System::Bsd);
    match (installed, has_systemd) {
        (true, true) => vec![start.to_owned()],
        (true, false) => vec!["sudo rc-service pcscd start, or `sudo pcscd`".to_owned()],
        (false, true) => vec![format!("{install} && {start}")],
        (false, false) => vec![install.to_owned()],
    }
}

/// A key is on USB and the PC/SC service has no reader for it.
pub(super) fn install_driver() -> Vec<String> {
    let driver = match system() {
        System::Debian => "sudo apt install libccid && sudo systemctl restart pcscd",
        System::Fedora => "sudo dnf install pcsc-lite-ccid && sudo systemctl restart pcscd",
        System::Arch => "sudo pacman -S ccid && sudo systemctl restart pcscd",
        System::Suse => "sudo zypper install pcsc-ccid && sudo systemctl restart pcscd",
        System::Alpine => "sudo apk add ccid && sudo rc-service pcscd restart",
        _ => "install the CCID driver for pcsc-lite and start pcscd again",
    };
    vec![
        driver.to_owned(),
        "if the driver is there: unplug the key and plug it in again, or enable a CCID application on it (`ykman config usb`)"
            .to_owned(),
    ]
}

/// polkit refused this user.
pub(super) fn allow_by_polkit() -> Vec<String> {
    let rule = "polkit.addRule(function(action, subject) { \
                if (action.id.indexOf(\"org.debian.pcsc-lite.access_\") == 0 && subject.user == \"USER\") \
                { return polkit.Result.YES; } });";
    let user = std::env::var("USER").unwrap_or_else(|_| "your-name".to_owned());
    vec![
        "sit at the machine: polkit lets the local session reach readers, not SSH and not services".to_owned(),
        format!("or put this line in /etc/polkit-1/rules.d/50-pcscd.rules: {}", rule.replace("USER", &user)),
    ]
}

/// Others may write to a directory; `all`: it is glasskey's own, with all that is in it.
pub(super) fn keep_others_from_writing(path: &Path, all: bool) -> String {
    let path = quoted(path);
    match (system(), all) {
        (System::Windows, true) => format!("{} /T", for_this_user_alone(&path)),
        // Others may need to read what is in it, so this only shows who may write.
        (System::Windows, false) => format!("icacls {path}"),
        (_, true) => format!("chmod -R go-w {path}"),
        (_, false) => format!("chmod go-w {path}"),
    }
}

/// For cmd and for PowerShell, which name variables differently.
fn for_this_user_alone(path: &str) -> String {
    let user = std::env::var("USERNAME").unwrap_or_else(|_| "your-name".to_owned());
    format!("icacls {path} /inheritance:r /grant:r \"{user}:(OI)(CI)F\"")
}

/// Others may look into a directory.
pub(super) fn keep_others_out(path: &Path) -> String {
    match system() {
        System::Windows => for_this_user_alone(&quoted(path)),
        _ => format!("chmod 700 {}", quoted(path)),
    }
}

/// As the system's shell takes it.
fn quoted(path: &Path) -> String {
    let shown = path.display().to_string();
    match system() {
        System::Windows => format!("\"{shown}\""),
        _ => super::shell::word(&shown).into_owned(),
    }
}

/// Memory cannot be locked.
pub(super) fn raise_memlock() -> Vec<String> {
    match system() {
        System::MacOs | System::Windows => Vec::new(),
        System::Bsd => vec!["ulimit -l 8192, or memorylocked in login.conf".to_owned()],
        _ => vec![
            "ulimit -l 8192; for good: a line \"* - memlock 8192\" in /etc/security/limits.conf, or LimitMEMLOCK=8M in a service"
                .to_owned(),
        ],
    }
}

/// The clock is off.
pub(super) fn set_clock() -> Vec<String> {
    vec![
        match system() {
            System::MacOs => "sudo sntp -sS time.apple.com",
            System::Windows => "as administrator: w32tm /resync",
            System::Alpine => "sudo rc-service chronyd start",
            System::Bsd => "service ntpd onestart",
            _ => "sudo timedatectl set-ntp true",
        }
        .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_their_names_or_by_what_they_are_like() {
        assert_eq!(of_release("PRETTY_NAME=\"Debian\"\nID=debian\n"), System::Debian);
        assert_eq!(of_release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Debian);
        assert_eq!(of_release("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(of_release("ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n"), System::Suse);
        assert_eq!(of_release("ID=arch\n"), System::Arch);
        assert_eq!(of_release("ID=void\n"), System::OtherLinux);
        assert_eq!(of_release(""), System::OtherLinux);
    }

    #[test]
    fn what_is_installed_is_only_started() {
        assert_eq!(service_of(System::Debian, true), ["sudo systemctl enable --now pcscd.socket"]);
        let both = "sudo apt install pcscd && sudo systemctl enable --now pcscd.socket";
        assert_eq!(service_of(System::Debian, false), [both]);
        assert_eq!(service_of(System::Windows, false), ["as administrator: sc.exe start SCardSvr"]);
    }
}
