"""Results looked at from outside: from the plan and the stored files alone, without spec, images, weights or torch."""
