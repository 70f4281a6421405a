using Halo.Silo.Clustering;

namespace Halo.Silo.Tests.Clustering;

/// <summary>Which file system a path lies on, told from the kernel's list.</summary>
public sealed class MountTableTests
{
    private const string Board =
        """
        22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
        23 22 0:21 / /proc rw,relatime - proc proc rw
        25 22 0:24 / /run rw,nosuid,nodev shared:11 - tmpfs tmpfs rw,size=388188k,mode=755
        60 22 179:1 / /boot/firmware rw,relatime shared:30 - vfat /dev/mmcblk0p1 rw
        70 22 0:50 / /home rw,relatime shared:40 - nfs4 nas:/export/home rw,vers=4.2,proto=tcp
        71 70 179:3 / /home/local rw,relatime shared:41 - ext4 /dev/mmcblk0p3 rw
        72 22 0:51 / /mnt/share rw,relatime shared:42 - cifs //nas/share rw,vers=3.1.1
        73 22 0:52 / /mnt/with\040space\134x rw,relatime shared:43 - fuse.sshfs pi@head:/srv rw,user_id=0
        74 22 0:53 / /mnt/plain rw,relatime - ext4 /dev/sda1 rw
        75 22 0:54 / /mnt/plain rw,relatime - nfs nas:/plain rw
        76 22 0:55 / /mnt/other rw,relatime - nfs nas:/other rw
        77 22 0:56 / /mnt/other rw,relatime - xfs /dev/sdb1 rw
        78 22 0:57 / /mnt/optional rw - ceph 10.0.0.9:/ rw
        """;

    private const string WindowsSubsystem =
        """
        62 47 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard,errors=remount-ro,data=ordered
        91 62 0:57 / /mnt/c rw,noatime - 9p drvfs rw,dirsync,aname=drvfs;path=C:\;uid=1000;gid=1000,cache=5,access=client
        """;

    private const string Container =
        """
        1061 870 0:77 / / rw,relatime master:300 - overlay overlay rw,lowerdir=/var/lib/l:/var/lib/m,upperdir=/u,workdir=/w
        1062 1061 0:80 / /proc rw,nosuid - proc proc rw
        1090 1061 8:1 /var/lib/volumes/halo/_data /data rw,relatime master:1 - ext4 /dev/sda1 rw
        1091 1061 0:81 /halo /shared rw,relatime master:2 - fuse.glusterfs gluster:/vol rw
        """;

    [Theory]
    [InlineData(Board, "/var/lib/halo/members.db", "/", "ext4", false)]
    [InlineData(Board, "/run/members.db", "/run", "tmpfs", false)]
    [InlineData(Board, "/running/members.db", "/", "ext4", false)]
    [InlineData(Board, "/home/pi/members.db", "/home", "nfs4", true)]
    [InlineData(Board, "/home", "/home", "nfs4", true)]
    [InlineData(Board, "/homes/members.db", "/", "ext4", false)]
    [InlineData(Board, "/home/local/members.db", "/home/local", "ext4", false)]
    [InlineData(Board, "/home/locals/members.db", "/home", "nfs4", true)]
    [InlineData(Board, "/mnt/share/a/b/members.db", "/mnt/share", "cifs", true)]
    [InlineData(Board, "/mnt/with space\\x/members.db", "/mnt/with space\\x", "fuse.sshfs", true)]
    [InlineData(Board, "/mnt/plain/members.db", "/mnt/plain", "nfs", true)]
    [InlineData(Board, "/mnt/other/members.db", "/mnt/other", "xfs", false)]
    [InlineData(Board, "/mnt/optional/members.db", "/mnt/optional", "ceph", true)]
    [InlineData(WindowsSubsystem, "/mnt/c/Users/members.db", "/mnt/c", "9p", true)]
    [InlineData(WindowsSubsystem, "/home/me/members.db", "/", "ext4", false)]
    [InlineData(Container, "/members.db", "/", "overlay", false)]
    [InlineData(Container, "/data/members.db", "/data", "ext4", false)]
    [InlineData(Container, "/shared/members.db", "/shared", "fuse.glusterfs", true)]
    public void MountOf_APath_IsTheNearestAboveIt(string mountInfo, string path, string point, string fileSystem, bool shared)
    {
        MountPoint? mount = MountTable.MountOf(mountInfo, path);
        Assert.Equal(new MountPoint(point, fileSystem), mount);
        Assert.Equal(shared, mount!.Value.IsShared);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("1 2 3 4 / rw")]
    [InlineData("1 2 3 4 / rw -")]
    [InlineData("1 2 3:4 / /elsewhere rw - nfs nas:/ rw")]
    public void MountOf_ATextThatSaysNothingOfThePath_IsNull(string mountInfo) => Assert.Null(MountTable.MountOf(mountInfo, "/var/members.db"));

    [Fact]
    public void Check_OnANetworkFileSystem_NamesItAndTheWayOut()
    {
        MembershipStoreException fault = Assert.Throws<MembershipStoreException>(() => SqliteLocation.Check("/link/members.db", "/home/pi/members.db", Board));
        Assert.Contains("/link/members.db would lie on /home, a file system of type nfs4", fault.Message, StringComparison.Ordinal);
        Assert.Contains("use PostgreSQL", fault.Message, StringComparison.Ordinal);
        SqliteLocation.Check("/link/members.db", "/home/local/members.db", Board);
    }

    [Fact]
    public void RealPath_OverLinks_EndsWhereTheyLead()
    {
        using TemporaryFolder folder = new();
        string root = RealPath.Of(folder.Path);
        Directory.CreateDirectory(folder.File("real/deep"));
        Directory.CreateSymbolicLink(folder.File("absolute"), folder.File("real"));
        Directory.CreateSymbolicLink(folder.File("relative"), "absolute/deep");
        Directory.CreateSymbolicLink(folder.File("real/up"), "../real/./deep");
        File.CreateSymbolicLink(folder.File("file.db"), "relative/new.db");

        Assert.Equal($"{root}/real/deep/members.db", RealPath.Of(folder.File("relative/members.db")));
        Assert.Equal($"{root}/real/deep/a/b", RealPath.Of(folder.File("absolute/up/a/b")));
        Assert.Equal($"{root}/real/deep/new.db", RealPath.Of(folder.File("file.db")));
        Assert.Equal("/", RealPath.Of("/"));
    }
}
