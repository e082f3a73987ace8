//! sim_aws
