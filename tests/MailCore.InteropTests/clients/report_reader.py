"""Reads a delivery status notification from standard input and prints what Python's own parser finds in it, a fact in each line."""
import email
import email.policy
import sys

message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
print("type", message.get_content_type(), message.get_param("report-type"))
print("defects", len(message.defects) + sum(len(part.defects) for part in message.walk()))
print("subject", message["Subject"])
print("auto", message["Auto-Submitted"])
for part in message.iter_parts():
    print("part", part.get_content_type())
    if part.get_content_type().endswith("delivery-status"):
        for block in part.get_payload():
            for name, value in block.items():
                print("field", name + ":", " ".join(value.split()))
    if part.get_content_type() == "message/rfc822":
        print("returned", part.get_payload(0)["Subject"])
    if part.get_content_type().endswith("rfc822-headers"):
        print("returned", email.message_from_string(part.get_content())["Subject"])
