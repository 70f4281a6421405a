using System.Globalization;

namespace Halo.Cli.Bench;

/// <summary>What this process takes of the machine's memory.</summary>
internal static class ProcessMemory
{
    private const string Anonymous = "RssAnon:";
    private const string Status = "/proc/self/status";

    /// <summary>Bytes that the system cannot take back: heap, stacks, compiled code; mapped files are not in it.</summary>
    internal static long OwnBytes()
    {
        GC.Collect();
        string? line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(text => text.StartsWith(Anonymous, StringComparison.Ordinal)) : null;
        return line is null
            ? Environment.WorkingSet
            : long.Parse(line[Anonymous.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) << 10;
    }
}
