using System.Text;

namespace Halo.Silo.Clustering;

/// <summary>Where a file system is mounted.</summary>
/// <param name="Point">The folder.</param>
/// <param name="FileSystem">Its type, such as ext4.</param>
internal readonly record struct MountPoint(string Point, string FileSystem)
{
    // Network file systems and folders that a host shares with its virtual machines: locks and shared memory end at the machine, or are not there.
    private static readonly HashSet<string> s_shared =
    [
        "nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "ncpfs", "afs", "auristorfs", "coda", "9p", "ceph", "glusterfs", "lustre", "gpfs", "beegfs",
        "orangefs", "pvfs2", "ocfs2", "gfs2", "acfs", "vboxsf", "vmhgfs", "prl_fs", "davfs",
        "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.s3fs", "fuse.rclone", "fuse.davfs", "fuse.davfs2", "fuse.nfs", "fuse.smbnetfs",
        "fuse.gvfsd-fuse", "fuse.vmhgfs-fuse", "fuse.juicefs", "fuse.gcsfuse", "fuse.blobfuse", "fuse.blobfuse2", "fuse.curlftpfs", "fuse.moosefs", "fuse.mfs",
    ];

    /// <summary>Whether others than this machine may have the files.</summary>
    internal bool IsShared => s_shared.Contains(FileSystem);
}

/// <summary>Reads the kernel's list of mounts.</summary>
internal static class MountTable
{
    private const int PointField = 4;
    private const string Separator = "-";

    /// <summary>
    /// The mount that a path lies on: the longest of those above it, and of several on one folder the last, which covers the others. Null where
    /// none is.
    /// </summary>
    /// <param name="mountInfo">The text of <c>/proc/self/mountinfo</c>.</param>
    /// <param name="path">A full path without symbolic links; it need not be there.</param>
    internal static MountPoint? MountOf(string mountInfo, string path)
    {
        MountPoint? best = null;
        foreach (string line in mountInfo.Split('\n'))
        {
            if (Read(line) is { } mount && IsAbove(mount.Point, path) && mount.Point.Length >= (best?.Point.Length ?? 0))
            {
                best = mount;
            }
        }

        return best;
    }

    // "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue": the fifth is the folder, the one after '-' the type.
    private static MountPoint? Read(string line)
    {
        string[] fields = line.Split(' ');
        int separator = Array.IndexOf(fields, Separator, Math.Min(PointField + 1, fields.Length));
        return separator > PointField && separator + 1 < fields.Length
            ? new MountPoint(Unescape(fields[PointField]), Unescape(fields[separator + 1]))
            : null;
    }

    private static bool IsAbove(string point, string path) =>
        point == "/" || (path.StartsWith(point, StringComparison.Ordinal) && (path.Length == point.Length || path[point.Length] == '/'));

    // The kernel writes space, tab, newline and backslash as three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        StringBuilder text = new();
        for (int at = 0; at < field.Length; at++)
        {
            if (field[at] == '\\' && at + 3 < field.Length && IsOctal(field.AsSpan(at + 1, 3)))
            {
                text.Append((char)(((field[at + 1] - '0') * 64) + ((field[at + 2] - '0') * 8) + field[at + 3] - '0'));
                at += 3;
            }
            else
            {
                text.Append(field[at]);
            }
        }

        return text.ToString();
    }

    private static bool IsOctal(ReadOnlySpan<char> digits) => digits.IndexOfAnyExceptInRange('0', '7') < 0;
}
