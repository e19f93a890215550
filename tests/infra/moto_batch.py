"""AWS Batch in moto: the stack of the template, and job queues alone, with the resources that they require."""

import boto3

from tests.infra.template import PATH


def make_queues(*names):
    """Create a compute environment, whose machines are never started, and queues for it; return the Batch client."""
    batch, ec2, iam = boto3.client("batch"), boto3.client("ec2"), boto3.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    machines = batch.create_compute_environment(
        computeEnvironmentName="machines",
        type="MANAGED",
        serviceRole=role,
        computeResources={
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": 8,
            "instanceTypes": ["m5.large"],
            "subnets": [ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/25")["Subnet"]["SubnetId"]],
            "securityGroupIds": [ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]],
            "instanceRole": iam.create_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Arn"],
        },
    )["computeEnvironmentArn"]
    for name in names:
        order = [{"order": 1, "computeEnvironment": machines}]
        batch.create_job_queue(jobQueueName=name, priority=1, state="ENABLED", computeEnvironmentOrder=order)
    return batch


def for_moto(template, cache):
    """Return the template with what AWS Batch would choose itself: a service role, and a folder for the volume."""
    changes = {
        "ReplaceComputeEnvironment: false": "ServiceRole: !GetAtt MachineRole.Arn",
        "{Name: cache}": f"{{Name: cache, Host: {{SourcePath: {cache}}}}}",
    }
    for old, new in changes.items():
        assert old in template
        template = template.replace(old, new)
    return template


def make_stack(cache, parameters):
    """Create the stack of the template in moto, with a subnet and a security group."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    network = {
        "Subnets": ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/25")["Subnet"]["SubnetId"],
        "SecurityGroups": ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"],
    }
    boto3.client("cloudformation").create_stack(
        StackName="medsam-job",
        TemplateBody=for_moto(PATH.read_text(), cache),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in {**network, **parameters}.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
