//! The real SDK against the account, through its own HTTP seam.

use super::client::{code, noon};
use aws_credential_types::Credentials;
use aws_sdk_iam::error::ProvideErrorMetadata;
use glasskey::sim::aws::{Aws, Fault, Wrong};
use glasskey::sim::clock::SimClock;

fn config(aws: &Aws) -> aws_sdk_iam::config::Builder {
    let keys = aws.admin();
    let time = aws_smithy_async::time::StaticTimeSource::new(aws.clock().now());
    aws_sdk_iam::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_iam::config::Region::new("us-east-1"))
        .credentials_provider(Credentials::new(keys.access_key_id, keys.secret_access_key, None, None, "test"))
        .time_source(time)
        .retry_config(aws_sdk_iam::config::retry::RetryConfig::disabled())
        .http_client(aws.http_client())
}

#[tokio::test]
async fn creates_enables_and_lists_through_the_sdk() {
    let aws = Aws::new(SimClock::manual(noon()));
    let iam = aws_sdk_iam::Client::from_conf(config(&aws).build());
    let made = iam.create_virtual_mfa_device().virtual_mfa_device_name("alice-key").send().await.unwrap();
    let device = made.virtual_mfa_device().unwrap();
    let serial = device.serial_number();
    let base32 = device.base32_string_seed().unwrap().as_ref();
    assert_eq!(data_encoding::BASE32_NOPAD.decode(base32).unwrap(), *aws.seed_of(serial).unwrap());
    assert_eq!(base32.len(), 64);

    let enable = |one: String, two: String| {
        let call = iam.enable_mfa_device().user_name("admin").serial_number(serial);
        call.authentication_code1(one).authentication_code2(two).send()
    };
    let wrong = enable(code(&aws, serial, 0), code(&aws, serial, 0)).await.unwrap_err().into_service_error();
    assert!(wrong.is_invalid_authentication_code_exception(), "{wrong:?}");
    enable(code(&aws, serial, -1), code(&aws, serial, 0)).await.unwrap();
    let listed = iam.list_mfa_devices().send().await.unwrap();
    assert_eq!(listed.mfa_devices()[0].serial_number(), serial);
    assert_eq!(listed.mfa_devices()[0].user_name(), "admin");
}

#[tokio::test]
async fn a_lost_reply_is_a_timeout_and_the_work_is_done() {
    let aws = Aws::new(SimClock::manual(noon()));
    let iam = aws_sdk_iam::Client::from_conf(config(&aws).build());
    aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::LoseReply));
    let lost = iam.create_virtual_mfa_device().virtual_mfa_device_name("a").send().await.unwrap_err();
    assert!(matches!(&lost, aws_sdk_iam::error::SdkError::DispatchFailure(why) if why.is_timeout()), "{lost:?}");
    assert_eq!(aws.devices().len(), 1);

    aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive));
    let dropped = iam.create_virtual_mfa_device().virtual_mfa_device_name("b").send().await.unwrap_err();
    assert!(matches!(&dropped, aws_sdk_iam::error::SdkError::DispatchFailure(why) if why.is_io()), "{dropped:?}");
    assert_eq!(aws.devices().len(), 1);

    aws.fail(Fault::next("ListMFADevices", Wrong::Throttle));
    let slow = iam.list_mfa_devices().send().await.unwrap_err();
    assert_eq!((slow.code(), slow.message()), (Some("Throttling"), Some("Rate exceeded")));
    assert_eq!(
        aws.calls().iter().map(|call| (call.status, call.lost)).collect::<Vec<_>>(),
        [(200, true), (0, true), (400, false)]
    );
}

#[tokio::test]
async fn sts_answers_the_sdk() {
    let aws = Aws::new(SimClock::manual(noon()));
    let keys = aws.admin();
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_sts::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::new(keys.access_key_id, keys.secret_access_key, None, None, "test"))
            .time_source(aws_smithy_async::time::StaticTimeSource::new(aws.clock().now()))
            .http_client(aws.http_client())
            .build(),
    );
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some(format!("arn:aws:iam::{}:user/admin", aws.account()).as_str()));
    assert_eq!(identity.account(), Some(aws.account().as_str()));
}
