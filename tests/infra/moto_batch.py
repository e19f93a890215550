"""Job queues in moto's AWS Batch, with the resources that they require."""

import boto3


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
