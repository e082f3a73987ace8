"""boto3's paginators."""

import boto3

iam = boto3.client("iam")


def pages(operation, key):
    size = 5 if operation == "list_virtual_mfa_devices" else 2
    found = list(iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}))
    assert all(page["IsTruncated"] for page in found[:-1]) and not found[-1]["IsTruncated"]
    return [item for page in found for item in page[key]], len(found)


devices, device_pages = pages("list_virtual_mfa_devices", "VirtualMFADevices")
users, user_pages = pages("list_users", "Users")
serials = [device["SerialNumber"] for device in devices]
assert len(set(serials)) == len(serials) and serials == sorted(serials)
assert len({user["UserName"] for user in users}) == len(users)
print(f"{len(devices)} devices in {device_pages} pages, {len(users)} users in {user_pages} pages")
