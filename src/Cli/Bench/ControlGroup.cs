using System.Globalization;

namespace Halo.Cli.Bench;

/// <summary>
/// A control group that bounds the memory of a process, page cache included: of the unified hierarchy, or of the older one where the memory controller
/// is there.
/// </summary>
internal sealed class ControlGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private const string OlderRoot = Root + "/memory";
    private const string Unified = "memory.max";
    private const string Older = "memory.limit_in_bytes";

    private readonly string _folder;
    private readonly bool _isUnified;

    private ControlGroup(string folder, bool isUnified)
    {
        _folder = folder;
        _isUnified = isUnified;
    }

    /// <summary>Where it is in the file system.</summary>
    internal string Folder => _folder;

    /// <summary>The file to which a process writes its id to enter.</summary>
    internal string Members => Path.Combine(_folder, "cgroup.procs");

    /// <summary>The most bytes that it took so far; null where the system does not say.</summary>
    internal long? PeakBytes => Read(_isUnified ? "memory.peak" : "memory.max_usage_in_bytes");

    /// <summary>Why no such group can be made here, in one sentence; null where one can.</summary>
    internal static string? Missing()
    {
        try
        {
            using ControlGroup group = Create(64 << 20);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"A control group that bounds memory cannot be made here: {fault.Message} It needs Linux, root, and a writable {Root} with the memory controller.";
        }
    }

    /// <summary>The group that another process made.</summary>
    /// <param name="folder">Its <see cref="Folder"/>.</param>
    internal static ControlGroup At(string folder) => new(folder, !folder.StartsWith(OlderRoot, StringComparison.Ordinal));

    /// <summary>Makes a group.</summary>
    /// <param name="bytes">Bytes that its processes may take, page cache included; no swap beside it.</param>
    /// <exception cref="IOException">The system refuses it.</exception>
    /// <exception cref="UnauthorizedAccessException">It needs root.</exception>
    internal static ControlGroup Create(long bytes)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"halo-{Environment.ProcessId}-{Guid.NewGuid():N}");
        bool isUnified = File.Exists(Path.Combine(Root, "cgroup.controllers"));
        string folder = Path.Combine(isUnified ? Root : OlderRoot, name);
        if (!Directory.Exists(Path.GetDirectoryName(folder)))
        {
            throw new IOException($"there is no {Path.GetDirectoryName(folder)}.");
        }

        Directory.CreateDirectory(folder);
        ControlGroup group = new(folder, isUnified);
        try
        {
            File.WriteAllText(Path.Combine(folder, isUnified ? Unified : Older), bytes.ToString(CultureInfo.InvariantCulture));
            string swap = Path.Combine(folder, isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
            if (File.Exists(swap))
            {
                File.WriteAllText(swap, isUnified ? "0" : bytes.ToString(CultureInfo.InvariantCulture));
            }

            return group;
        }
        catch
        {
            group.Dispose();
            throw;
        }
    }

    /// <summary>Removes the group; its processes must have ended.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A process of it is just ending: an empty group that is left costs nothing.
        }
    }

    private long? Read(string file)
    {
        string path = Path.Combine(_folder, file);
        return File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : null;
    }
}
