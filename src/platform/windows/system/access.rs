//! Who may do what with a file or a pipe: this user, the system, and its administrators; nobody else.

use super::done;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};
use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};
use tokio::runtime::Runtime;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, ConvertSidToStringSidW,
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1, SE_FILE_OBJECT,
    SetSecurityInfo,
};
use windows_sys::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetTokenInformation, OWNER_SECURITY_INFORMATION,
    PROTECTED_DACL_SECURITY_INFORMATION, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, READ_CONTROL, WRITE_DAC};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// What the system has allocated for us (`LocalAlloc`).
struct Local(*mut core::ffi::c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the system allocated it so, and nobody else has it.
        unsafe { LocalFree(self.0) };
    }
}

/// Full access for this user, the system and its administrators.
pub(crate) struct Descriptor(Local);

// SAFETY: the descriptor is only read, and belongs to this value alone.
unsafe impl Send for Descriptor {}
// SAFETY: as above.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    pub(crate) fn of_this_user() -> io::Result<Self> {
        Self::of("")
    }

    /// `flags`: what is in a directory has the same (`OICI`), or nothing.
    fn of(flags: &str) -> io::Result<Self> {
        let user = this_user()?;
        let entry = |who: &str| format!("(A;{flags};GA;;;{who})");
        let text = format!("D:P{}{}{}", entry(&user), entry("SY"), entry("BA"));
        let text: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let mut descriptor = null_mut();
        // SAFETY: the text ends with a zero, and `descriptor` is there to be written to.
        done(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        })?;
        Ok(Self(Local(descriptor)))
    }

    /// The list of who may do what; as long as the descriptor lives.
    fn list(&self) -> io::Result<*const ACL> {
        let (mut present, mut defaulted, mut list) = (0, 0, null_mut());
        // SAFETY: the descriptor is a whole one, and the three are there to be written to.
        done(unsafe { GetSecurityDescriptorDacl(self.0.0, &raw mut present, &raw mut list, &raw mut defaulted) })?;
        Ok(list)
    }

    /// A new end of the pipe of this name, for processes of this machine.
    pub(crate) fn pipe(
        &self,
        options: &mut ServerOptions,
        name: &str,
        runtime: &Runtime,
    ) -> io::Result<NamedPipeServer> {
        let size = u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default();
        let mut attributes = SECURITY_ATTRIBUTES { nLength: size, lpSecurityDescriptor: self.0.0, bInheritHandle: 0 };
        let _entered = runtime.enter();
        // SAFETY: the attributes and the descriptor they lead to live through the call, and the system copies them.
        unsafe {
            options
                .reject_remote_clients(true)
                .create_with_security_attributes_raw(name, (&raw mut attributes).cast())
        }
    }
}

/// This user's SID, as text.
fn this_user() -> io::Result<String> {
    let mut token = null_mut();
    // SAFETY: the process's own handle needs no closing, and `token` is there to be written to.
    done(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: the handle is new and nobody else's.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // The user's SID comes behind the struct: 68 bytes at most (SECURITY_MAX_SID_SIZE).
    let mut user = [TOKEN_USER::default(); 16];
    let room = u32::try_from(size_of_val(&user)).unwrap_or_default();
    let mut used = 0;
    // SAFETY: the handle is open, and `user` has as much room as is said, aligned as the struct needs.
    done(unsafe {
        GetTokenInformation(token.as_raw_handle(), TokenUser, user.as_mut_ptr().cast(), room, &raw mut used)
    })?;
    let [first, ..] = user;
    let mut text = null_mut();
    // SAFETY: the SID is in `user`, which lives on; `text` is there to be written to.
    done(unsafe { ConvertSidToStringSidW(first.User.Sid, &raw mut text) })?;
    // SAFETY: the system has given the text just now.
    unsafe { taken(text) }
}

/// Text that the system has allocated.
///
/// # Safety
/// It ends with a zero, and is nobody else's.
unsafe fn taken(text: *mut u16) -> io::Result<String> {
    let owned = Local(text.cast());
    let mut units = Vec::new();
    // SAFETY: the caller vouches for the zero, up to which it is read.
    unsafe {
        let mut at = owned.0.cast::<u16>().cast_const();
        while *at != 0 {
            units.push(*at);
            at = at.add(1);
        }
    }
    String::from_utf16(&units).map_err(io::Error::other)
}

/// Whose a file is and who may do what with it, and who we are.
pub(crate) struct List {
    /// In Windows's own text.
    pub(crate) text: String,
    /// This user's SID.
    pub(crate) us: String,
}

/// Opens a file or directory for these rights alone. The standard library takes paths of any length; the calls that take
/// a name end at 260 characters.
fn opened(path: &Path, rights: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(rights).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)
}

pub(crate) fn of(path: &Path) -> io::Result<List> {
    let file = opened(path, READ_CONTROL)?;
    let what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    let mut descriptor = null_mut();
    // SAFETY: the handle is open; only the descriptor is asked for, which is there to be written to.
    let code = unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            what,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    let descriptor = Local(descriptor);
    let mut text = null_mut();
    // SAFETY: the descriptor is a whole one and lives on; `text` is there to be written to.
    done(unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor.0,
            SDDL_REVISION_1,
            what,
            &raw mut text,
            null_mut(),
        )
    })?;
    // SAFETY: the system has given the text just now.
    Ok(List { text: unsafe { taken(text) }?, us: this_user()? })
}

/// Keeps a file to this user, the system and its administrators; of a directory, what is in it too. What is inherited
/// from above counts no longer.
pub(crate) fn keep_to_this_user(path: &Path) -> io::Result<()> {
    let descriptor = Descriptor::of(if path.is_dir() { "OICI" } else { "" })?;
    let list = descriptor.list()?;
    let file = opened(path, READ_CONTROL | WRITE_DAC)?;
    let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    // SAFETY: the handle is open, and the list lives as long as its descriptor.
    let code =
        unsafe { SetSecurityInfo(file.as_raw_handle(), SE_FILE_OBJECT, what, null_mut(), null_mut(), list, null()) };
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}
