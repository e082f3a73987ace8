//! interop_aws
