using System.Runtime.Versioning;
using NUnit.Framework;

// The clients are Debian's, signals and /proc are Linux's.
[assembly: SupportedOSPlatform("linux")]
[assembly: Platform("Linux")]
