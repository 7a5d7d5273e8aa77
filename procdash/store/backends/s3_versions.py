"""Bringing a deleted object back from a bucket's versions, after Materialize's S3 blob; through s3fs."""

from __future__ import annotations

from typing import Any

_ROUNDS = 100


def restore_version(file_system: Any, path: str) -> bool:
    """Remove the deletion markers that stand above an object's newest version.

    It blocks. Where another caller deletes the object meanwhile, it starts again.

    Args:
        file_system: an `s3fs.S3FileSystem`.
        path: `bucket/name`.

    Returns:
        Whether the object is there now; False where the bucket keeps no version of it.
    """
    bucket, _, name = path.partition("/")
    for _ in range(_ROUNDS):
        # Of the names that start so, the shortest sorts first, and of one name, the newest version.
        answer = file_system.call_s3("list_object_versions", Bucket=bucket, Prefix=name)
        marker = next((each for each in answer.get("DeleteMarkers", ()) if _is_latest(each, name)), None)
        if marker is None:
            return any(_is_latest(each, name) for each in answer.get("Versions", ()))
        file_system.call_s3("delete_object", Bucket=bucket, Key=name, VersionId=marker["VersionId"])
    return False


def _is_latest(version: dict[str, Any], name: str) -> bool:
    return version["Key"] == name and bool(version["IsLatest"])
