"""The suite of destinations holds for each way in which vendors take people, not for one toy alone."""

from hub.testing import destination_suite
from tests.support import toys

TestToy = destination_suite(toys.ToyDestination, sandbox=toys.Toy)
TestCounts = destination_suite(toys.CountsDestination, sandbox=toys.CountsToy)
TestJobs = destination_suite(toys.JobsDestination, sandbox=toys.JobsToy)
TestBlaming = destination_suite(toys.BlamingDestination, sandbox=toys.BlamingToy)
TestHalving = destination_suite(toys.BlamingDestination, sandbox=toys.HalvingToy)
TestObjects = destination_suite(toys.ObjectsDestination, sandbox=toys.ObjectsToy)
