//! The bucket of a trail: its settings as they are put and seen, and what S3 refuses.

use super::scene::{BUCKET, REGION, Scene};
use glasskey::aws::hardening::{Bucket, BucketSettings, Obstacle, merged, trail_statements, without};
use glasskey::aws::{Call, Error};
use glasskey::sim::aws::{Fault, Strange, Wrong};
use serde_json::Value;

fn obstacle<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<Obstacle> {
    outcome.unwrap_err().obstacle()
}

#[test]
fn what_is_set_is_seen() {
    let scene = Scene::new();
    let (account, bucket) = (&scene.account, scene.bucket());
    assert_eq!(account.bucket_region(REGION, BUCKET), Ok(None));
    scene.make_bucket();
    assert_eq!(account.bucket_region(REGION, BUCKET), Ok(Some(REGION.to_owned())));
    scene.aws.arrange(|posture| {
        let bucket = &mut posture.buckets[0];
        (bucket.public_access_block, bucket.ownership) = (None, None);
        bucket.encryption = "aws:kms".to_owned();
    });
    let kms = Some("aws:kms".to_owned());
    assert_eq!(
        account.bucket_settings(&bucket).unwrap(),
        BucketSettings { encryption: kms, ..BucketSettings::default() }
    );
    account.block_public_access(&bucket).unwrap();
    account.enforce_bucket_owner(&bucket).unwrap();
    account.encrypt_bucket(&bucket).unwrap();
    account.version_bucket(&bucket).unwrap();
    let right = BucketSettings {
        public_access_blocked: true,
        ownership: Some("BucketOwnerEnforced".to_owned()),
        encryption: Some("AES256".to_owned()),
        versioned: true,
    };
    assert_eq!(account.bucket_settings(&bucket).unwrap(), right);
    scene.aws.arrange(|posture| posture.buckets[0].public_access_block.as_mut().unwrap().ignore_acls = false);
    assert!(!account.bucket_settings(&bucket).unwrap().public_access_blocked);
}

#[test]
fn whether_a_bucket_holds_anything_is_seen() {
    let scene = Scene::new();
    scene.make_bucket();
    for (objects, empty) in [(0, true), (1, false), (5, false)] {
        scene.aws.arrange(|posture| posture.buckets[0].objects = objects);
        assert_eq!(scene.account.bucket_is_empty(&scene.bucket()), Ok(empty), "{objects}");
    }
    for what in Strange::ALL {
        scene.aws.fail(Fault::next("ListObjectVersions", Wrong::Reply { what, done: false }));
        assert!(scene.account.bucket_is_empty(&scene.bucket()) != Ok(true), "{what:?}");
        scene.aws.heal();
    }
}

#[test]
fn a_policy_is_merged_put_seen_and_taken_out() {
    let scene = Scene::new();
    let (account, bucket) = (&scene.account, scene.bucket());
    scene.make_bucket();
    assert_eq!(account.bucket_policy(&bucket), Ok(None));
    let theirs = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::{BUCKET}","arn:aws:s3:::{BUCKET}/*"],"Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}]}}"#
    );
    account.put_bucket_policy(&bucket, &theirs).unwrap();
    let statements = trail_statements(&scene.place(), BUCKET, None, &scene.trail_arn(), None);
    let there = account.bucket_policy(&bucket).unwrap().unwrap();
    assert_eq!(there, theirs);
    let both = merged(Some(&there), &statements).unwrap().unwrap();
    account.put_bucket_policy(&bucket, &both).unwrap();
    let there = account.bucket_policy(&bucket).unwrap().unwrap();
    assert_eq!(merged(Some(&there), &statements), Ok(None), "it says all of it");
    let sids: Vec<&str> = statements.iter().map(|one| one["Sid"].as_str().unwrap()).collect();
    let left = without(&there, &sids).unwrap().unwrap();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&left), read(&theirs));
    account.delete_bucket_policy(&bucket).unwrap();
    assert_eq!(account.bucket_policy(&bucket), Ok(None));
}

#[test]
fn elsewhere_than_in_the_first_region_a_bucket_is_made_where_it_is_wanted() {
    let scene = Scene::new();
    let made = scene.account.create_bucket("eu-west-1", BUCKET).unwrap();
    assert_eq!(scene.aws.posture().buckets[0].region, "eu-west-1");
    for from in ["eu-west-1", REGION] {
        assert_eq!(scene.account.bucket_region(from, BUCKET), Ok(Some("eu-west-1".to_owned())), "{from}");
    }
    scene.account.version_bucket(&made).unwrap();
    let again = scene.account.create_bucket("eu-west-1", BUCKET);
    assert_eq!(obstacle(again), Some(Obstacle::OwnBucket));
    let wrong_place = Bucket { region: REGION.to_owned(), ..made };
    assert_eq!(obstacle(scene.account.version_bucket(&wrong_place)), Some(Obstacle::WrongRegion));
}

#[test]
fn the_first_region_gives_a_bucket_of_ones_own_again() {
    let scene = Scene::new();
    scene.make_bucket();
    scene.make_bucket();
    assert_eq!(scene.aws.posture().buckets.len(), 1);
}

#[test]
fn a_name_that_a_stranger_takes_is_told_from_ones_own() {
    let scene = Scene::new();
    scene.aws.fail(Fault::next("CreateBucket", Wrong::StrangersBucket));
    assert_eq!(obstacle(scene.account.create_bucket(REGION, BUCKET)), Some(Obstacle::StrangersBucket));
    assert_eq!(obstacle(scene.account.create_bucket(REGION, BUCKET)), Some(Obstacle::StrangersBucket));
    let denied = |call: Call, error: Error| matches!(error, Error::Denied { call: of, .. } if of == call);
    let error = scene.account.bucket_region(REGION, BUCKET).unwrap_err();
    assert!(denied(Call::GetBucketLocation, error));
    scene.account.create_bucket(REGION, "root-trail-2").unwrap();
}

/// The bucket is another's since: nothing is written to it.
#[test]
fn a_bucket_that_is_anothers_since_takes_nothing() {
    let scene = Scene::new();
    scene.make_bucket();
    let theirs = Bucket { owner: "999988887777".to_owned(), ..scene.bucket() };
    let policy = scene.bucket_policy();
    let (account, before) = (&scene.account, scene.aws.posture());
    let refused = [
        account.put_bucket_policy(&theirs, &policy),
        account.delete_bucket_policy(&theirs),
        account.block_public_access(&theirs),
        account.enforce_bucket_owner(&theirs),
        account.encrypt_bucket(&theirs),
        account.version_bucket(&theirs),
        account.delete_bucket(&theirs),
        account.bucket_settings(&theirs).map(drop),
        account.bucket_policy(&theirs).map(drop),
    ];
    for outcome in refused {
        assert!(matches!(outcome, Err(Error::Denied { .. })), "{outcome:?}");
    }
    assert_eq!(scene.aws.posture(), before);
}

#[test]
fn a_bucket_with_objects_is_not_deleted() {
    let scene = Scene::new();
    scene.make_bucket();
    scene.aws.arrange(|posture| posture.buckets[0].objects = 1);
    assert_eq!(obstacle(scene.account.delete_bucket(&scene.bucket())), Some(Obstacle::NotEmpty));
    scene.aws.arrange(|posture| posture.buckets[0].objects = 0);
    scene.account.delete_bucket(&scene.bucket()).unwrap();
    assert_eq!(obstacle(scene.account.delete_bucket(&scene.bucket())), Some(Obstacle::NotThere));
}

#[test]
fn a_name_that_no_bucket_can_have_is_not_sent() {
    let scene = Scene::new();
    let before = scene.aws.calls().len();
    for name in ["", "ab", "Root", "a/b", "a?policy", "a..b", "-ab", &"a".repeat(64)] {
        let outcome = scene.account.create_bucket(REGION, name);
        assert!(matches!(outcome, Err(Error::Invalid { .. })), "{name}: {outcome:?}");
        let bucket = Bucket { name: name.to_owned(), ..scene.bucket() };
        let outcome = scene.account.delete_bucket(&bucket);
        assert!(matches!(outcome, Err(Error::BadConfiguration { .. })), "{name}: {outcome:?}");
    }
    assert_eq!(scene.aws.calls().len(), before);
}
