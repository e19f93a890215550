"""The CloudFormation templates: cfn-lint, and what moto makes of their parameters. Run by `make image-test`."""

import ast
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.infra.moto_batch import make_stack
from tests.infra.template import PATH, read_template

REGISTRY = PATH.with_name("registry.yaml")
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("5", "6")
PARAMETERS = {
    "Image": "i", "InputBucket": "in", "OutputBucket": "out", "InstanceTypes": "g5.xlarge,g6.xlarge",
}  # fmt: skip


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    """Fake credentials, and moto in place of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.setup_default_session(region_name="us-east-1")
        yield


@pytest.mark.parametrize("template", [PATH, REGISTRY], ids=lambda path: path.stem)
def test_a_template_passes_cfn_lint(template):
    """Names, types, enums and references are valid."""
    command = [Path(sys.executable).with_name("cfn-lint"), template]
    process = subprocess.run(command, capture_output=True, check=False, text=True)
    assert process.returncode == 0, process.stdout


def policies():
    """Return what the program's role may do, by the policies' names."""
    iam = boto3.client("iam")
    (role,) = [role["RoleName"] for role in iam.list_roles()["Roles"] if "JobRole" in role["RoleName"]]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    texts = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    # moto returns the text of a Python dict
    return {name: ast.literal_eval(str(text))["Statement"] for name, text in texts.items()}


def disk():
    """Return how the disks of the machines are made."""
    ec2 = boto3.client("ec2")
    (template,) = ec2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]
    return template["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"]


def test_without_keys_of_ones_own_the_program_has_no_right_to_any(tmp_path):
    """Disks are encrypted all the same, with the key of AWS."""
    make_stack(tmp_path, PARAMETERS)
    assert set(policies()) == {"inputs-and-output"}
    assert "kms" not in str(policies())
    assert (disk()["Encrypted"], disk().get("KmsKeyId")) == (True, None)


def test_the_program_may_use_the_keys_of_its_buckets_through_s3_alone(tmp_path):
    """Each of several keys, to read and to write."""
    make_stack(tmp_path, PARAMETERS | {"BucketKeys": f"{KEY},{OTHER_KEY}"})
    assert policies()["bucket-keys"] == [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": [KEY, OTHER_KEY],
            "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
        }
    ]


def test_disks_and_logs_have_the_keys_that_are_given(tmp_path):
    """One of each. moto has no keys of logs, so that these are read in the template."""
    make_stack(tmp_path, PARAMETERS | {"DiskKey": KEY})
    assert disk()["KmsKeyId"] == KEY
    logs = read_template()["Resources"]["LogGroup"]["Properties"]
    assert logs["KmsKeyId"] == ["HasLogKey", "LogKey", "AWS::NoValue"]


def test_another_date_changes_a_setting_for_which_aws_batch_looks_for_the_newest_ami():
    """Tags are one: docs.aws.amazon.com/batch, "Perform infrastructure updates". No machine has an AMI of its own."""
    resources = read_template()["Resources"]
    machines = [resources[name]["Properties"] for name in ("GpuMachines", "CpuMachines")]
    for properties in machines:
        assert properties["ComputeResources"]["Tags"]["AmiDate"] == "AmiDate"
        assert properties["ComputeResources"]["UpdateToLatestImageVersion"] is True
        assert "ImageIdOverride" not in properties["ComputeResources"]["Ec2Configuration"][0]
    assert "ImageId" not in resources["MachineTemplate"]["Properties"]["LaunchTemplateData"]


def test_images_are_scanned_when_they_are_pushed_and_keep_their_tags():
    """Encrypted with the key that is given. moto has no scans, so that these are read in the template."""
    properties = read_template(REGISTRY)["Resources"]["Images"]["Properties"]
    assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert properties["ImageTagMutability"] == "IMMUTABLE"
    own_key, key_of_aws = {"EncryptionType": "KMS", "KmsKey": "Key"}, {"EncryptionType": "AES256"}
    assert properties["EncryptionConfiguration"] == ["HasKey", own_key, key_of_aws]


def test_the_registry_names_its_address():
    """For `docker push`."""
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="r", TemplateBody=REGISTRY.read_text())
    (repository,) = boto3.client("ecr").describe_repositories()["repositories"]
    (output,) = cloudformation.describe_stacks(StackName="r")["Stacks"][0]["Outputs"]
    assert output["OutputValue"] == repository["repositoryUri"]
