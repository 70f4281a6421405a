namespace Halo.Silo.Clustering;

/// <summary>Whether a SQLite file may lie where it was asked to.</summary>
internal static class SqliteLocation
{
    private const string MountInfo = "/proc/self/mountinfo";

    /// <summary>Looks at the folder, at what is there now, and at the file system below.</summary>
    /// <param name="path">The file's full path.</param>
    /// <exception cref="MembershipStoreException">It may not.</exception>
    internal static void Check(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? path;
        if (!Directory.Exists(folder))
        {
            throw new MembershipStoreException($"There is no folder {folder} for the SQLite file {path}, or this user may not look into it. Make it, or name another.");
        }

        if (Directory.Exists(path))
        {
            throw new MembershipStoreException($"{path} is a folder; name a SQLite file in it, such as {Path.Combine(path, "members.db")}.");
        }

        if (OperatingSystem.IsLinux() && File.Exists(MountInfo))
        {
            Check(path, RealPath.Of(path), File.ReadAllText(MountInfo));
        }
    }

    /// <summary>The part that looks at file systems.</summary>
    /// <param name="path">As it was named, for the message.</param>
    /// <param name="realPath">The same without symbolic links.</param>
    /// <param name="mountInfo">The text of <c>/proc/self/mountinfo</c>.</param>
    internal static void Check(string path, string realPath, string mountInfo)
    {
        if (MountTable.MountOf(mountInfo, realPath) is { IsShared: true } mount)
        {
            throw new MembershipStoreException(
                $"The SQLite file {path} would lie on {mount.Point}, a file system of type {mount.FileSystem} that other machines share or serve. SQLite's locks "
                + "do not hold there, and the membership would be damaged. Name a file on a local disk, or use PostgreSQL for silos on several machines.");
        }
    }
}
