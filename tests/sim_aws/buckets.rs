//! S3: buckets and their settings.

use super::account;
use super::client::{reply, request, s3, s3_call};
use glasskey::sim::aws::posture::Bucket;
use glasskey::sim::aws::{Answer, Aws, Fault, Keys, Wrong};

fn in_region(region: &str) -> String {
    format!(
        "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    )
}

#[test]
fn a_bucket_is_made_in_the_region_that_is_asked_for() {
    let (aws, admin) = account();
    assert_eq!(s3(&aws, &admin, "PUT", "/logs", ""), "200");
    let again = "a bucket of one's own, made again in us-east-1, is no error";
    assert_eq!(s3(&aws, &admin, "PUT", "/logs", ""), "200", "{again}");
    assert_eq!(s3(&aws, &admin, "HEAD", "/logs", ""), "200");
    let location = s3_call(&aws, &admin, "us-east-1", "GET", "/logs?location", "");
    assert_eq!(location.text.matches("us-east-1").count(), 0);

    let far = |body: &str, name: &str| s3_call(&aws, &admin, "eu-west-1", "PUT", name, body).verdict();
    assert_eq!(
        far("", "/far"),
        "400 IllegalLocationConstraintException: The unspecified location constraint is incompatible for the region \
         specific endpoint this request was sent to."
    );
    assert_eq!(
        far(&in_region("eu-north-1"), "/far"),
        "400 IllegalLocationConstraintException: The eu-north-1 location constraint is incompatible for the region \
         specific endpoint this request was sent to."
    );
    assert_eq!(
        s3(&aws, &admin, "PUT", "/far", &in_region("us-east-1")),
        "400 InvalidLocationConstraint: The specified location-constraint is not valid"
    );
    assert_eq!(far(&in_region("eu-west-1"), "/far"), "200");
    assert_eq!(
        far(&in_region("eu-west-1"), "/far"),
        "409 BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already own \
         it."
    );
    assert!(s3_call(&aws, &admin, "us-east-1", "GET", "/far?location", "").text.contains(">eu-west-1<"));
    assert!(s3(&aws, &admin, "GET", "/far?policy", "").starts_with("301 PermanentRedirect: "));
}

#[test]
fn names_that_are_taken_or_no_names() {
    let (aws, admin) = account();
    aws.arrange(|posture| posture.foreign_buckets = vec!["taken".to_owned()]);
    assert!(s3(&aws, &admin, "PUT", "/taken", "").starts_with("409 BucketAlreadyExists: "));
    assert_eq!(s3(&aws, &admin, "HEAD", "/taken", ""), "403");
    for name in ["ab", "Capital", "-dash", "two..dots", "192.168.0.1", "xn--a", "a-s3alias", "a--x-s3"] {
        let got = s3(&aws, &admin, "PUT", &format!("/{name}"), "");
        assert_eq!(got, "400 InvalidBucketName: The specified bucket is not valid.", "{name}");
    }
    assert_eq!(s3(&aws, &admin, "HEAD", "/none", ""), "404");
    assert_eq!(s3(&aws, &admin, "GET", "/none?policy", ""), "404 NoSuchBucket: The specified bucket does not exist");
}

fn with_bucket() -> (Aws, Keys) {
    let (aws, admin) = account();
    assert_eq!(s3(&aws, &admin, "PUT", "/logs", ""), "200");
    (aws, admin)
}

#[test]
fn what_a_bucket_is_set_to_is_read_back() {
    let (aws, admin) = with_bucket();
    let text = |target: &str| s3_call(&aws, &admin, "us-east-1", "GET", target, "").text;
    assert!(text("/logs?publicAccessBlock").contains("<BlockPublicPolicy>true<"), "on from the start");
    assert!(text("/logs?ownershipControls").contains("<ObjectOwnership>BucketOwnerEnforced<"));
    assert!(text("/logs?encryption").contains("<SSEAlgorithm>AES256<"));
    assert!(!text("/logs?versioning").contains("<Status>"));
    let put = |target: &str, body: &str| assert_eq!(s3(&aws, &admin, "PUT", target, body), "200", "{target}");
    put("/logs?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    put(
        "/logs?publicAccessBlock",
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
    );
    put(
        "/logs?ownershipControls",
        "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
    );
    put("/logs?encryption", "<X><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></X>");
    assert!(text("/logs?versioning").contains("<Status>Enabled<"));
    assert!(text("/logs?publicAccessBlock").contains("<BlockPublicPolicy>false<"));
    assert!(text("/logs?ownershipControls").contains("<ObjectOwnership>ObjectWriter<"));
    assert!(text("/logs?encryption").contains("<KMSMasterKeyID>k<"));
    for target in ["/logs?versioning", "/logs?publicAccessBlock", "/logs?ownershipControls", "/logs?encryption"] {
        let got = s3(&aws, &admin, "PUT", target, "<Nonsense/>");
        assert!(got.starts_with("400 MalformedXML: "), "{target}: {got}");
    }
    aws.arrange(|posture| (posture.buckets[0].ownership, posture.buckets[0].public_access_block) = (None, None));
    let error = |target: &str| s3(&aws, &admin, "GET", target, "");
    assert!(error("/logs?ownershipControls").starts_with("404 OwnershipControlsNotFoundError: "));
    assert!(error("/logs?publicAccessBlock").starts_with("404 NoSuchPublicAccessBlockConfiguration: "));
}

#[test]
fn bucket_policies() {
    let (aws, admin) = with_bucket();
    let missing = "404 NoSuchBucketPolicy: The bucket policy does not exist";
    assert_eq!(s3(&aws, &admin, "GET", "/logs?policy", ""), missing);
    let put = |policy: &str| s3(&aws, &admin, "PUT", "/logs?policy", policy);
    assert_eq!(put("{"), "400 MalformedPolicy: Policies must be valid JSON and the first byte must be '{'");
    let policy = |principal: &str, resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"{resource}"}}]}}"#
        )
    };
    let trail = r#"{"Service":"cloudtrail.amazonaws.com"}"#;
    assert_eq!(put(&policy(trail, "arn:aws:s3:::other/*")), "400 MalformedPolicy: Policy has invalid resource");
    let public = put(&policy(r#""*""#, "arn:aws:s3:::logs/*"));
    assert!(public.starts_with("403 AccessDenied: ") && public.contains("BlockPublicPolicy"), "{public}");
    let good = policy(trail, "arn:aws:s3:::logs/*");
    assert_eq!(put(&good), "204");
    assert_eq!(s3_call(&aws, &admin, "us-east-1", "GET", "/logs?policy", "").text, good);
    assert_eq!(s3(&aws, &admin, "DELETE", "/logs?policy", ""), "204");
    assert_eq!(s3(&aws, &admin, "GET", "/logs?policy", ""), missing);
}

#[test]
fn a_bucket_with_objects_is_not_deleted() {
    let (aws, admin) = with_bucket();
    aws.arrange(|posture| posture.buckets[0].objects = 1);
    assert_eq!(
        s3(&aws, &admin, "DELETE", "/logs", ""),
        "409 BucketNotEmpty: The bucket you tried to delete is not empty"
    );
    aws.arrange(|posture| posture.buckets[0].objects = 0);
    assert_eq!(s3(&aws, &admin, "DELETE", "/logs", ""), "204");
    assert_eq!(aws.posture().buckets, []);
}

#[test]
fn the_expected_owner_is_compared() {
    let (aws, admin) = with_bucket();
    let status = |owner: &str| {
        let mut request = request(&admin, aws.clock().now(), "X", &[]);
        (request.method, request.path, request.body) = ("HEAD".to_owned(), "/logs".to_owned(), Vec::new());
        request.headers.insert("x-amz-expected-bucket-owner".to_owned(), owner.to_owned());
        reply(&aws, &request.signed(&admin, aws.clock().now(), "us-east-1", "s3")).status
    };
    assert_eq!((status("111122223333"), status("999999999999")), (200, 403));
}

/// The bucket in the host, as the SDK sends it to AWS itself.
#[test]
fn a_bucket_is_named_in_the_host_too() {
    let (aws, admin) = account();
    aws.arrange(|posture| posture.buckets = vec![Bucket { name: "a.logs".to_owned(), ..Bucket::default() }]);
    for host in ["a.logs.s3.us-east-1.amazonaws.com", "a.logs.s3.amazonaws.com", "a.logs.localhost:4566"] {
        let mut request = request(&admin, aws.clock().now(), "X", &[]);
        (request.method, request.path, request.body) = ("GET".to_owned(), "/?versioning".to_owned(), Vec::new());
        request.headers.insert("host".to_owned(), host.to_owned());
        let request = request.signed(&admin, aws.clock().now(), "us-east-1", "s3");
        let Answer::Reply(reply) = aws.handle(&request) else { panic!("no reply") };
        assert_eq!(reply.status, 200, "{host}: {}", String::from_utf8_lossy(&reply.body));
    }
}

#[test]
fn refusals_are_in_the_words_of_s3() {
    let (aws, admin) = with_bucket();
    let bob = aws.add_user("bob");
    assert!(
        s3(&aws, &bob, "GET", "/logs?encryption", "")
            .starts_with("403 AccessDenied: User: arn:aws:iam::111122223333:user/bob is not authorized to perform: s3:GetEncryptionConfiguration on resource: arn:aws:s3:::logs ")
    );
    aws.fail(Fault::next("GetBucketPolicy", Wrong::Throttle));
    assert_eq!(s3(&aws, &admin, "GET", "/logs?policy", ""), "503 SlowDown: Rate exceeded");
    let stranger = Keys { access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..admin.clone() };
    assert!(s3(&aws, &stranger, "GET", "/logs?policy", "").starts_with("403 InvalidAccessKeyId: "));
    assert!(s3(&aws, &admin, "GET", "/logs?acl", "").starts_with("501 NotImplemented: "));
}
