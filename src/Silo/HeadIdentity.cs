using Halo.Boards.Control;
using Halo.Boards.Control.Tls;

namespace Halo.Silo;

/// <summary>How a head process proves to boards who it is.</summary>
/// <param name="Key">The cluster's key.</param>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Instance">This process.</param>
/// <param name="Trust">Whom it trusts over TLS; whom its machine trusts where null.</param>
public sealed record HeadIdentity(ClusterKey Key, string Name, string Instance, TlsTrust? Trust = null)
{
    /// <summary>Reads the cluster's key; null where no boards of other processes take part.</summary>
    /// <param name="options">The options.</param>
    /// <param name="warning">What is wrong with the key file though it can be used; null where nothing is.</param>
    /// <exception cref="ClusterKeyException">The key file cannot be used; the message says why.</exception>
    /// <exception cref="TlsFileException">The file of trusted certificates cannot be used; the message says why.</exception>
    public static HeadIdentity? Of(HaloClusterOptions options, out string? warning)
    {
        warning = null;
        return options.KeyFile is null
            ? null
            : new HeadIdentity(
                ClusterKey.Read(options.KeyFile, out warning), Environment.MachineName, ControlServer.NewInstanceId(),
                options.TlsTrustFile is { } trusted ? TlsTrust.Read(trusted) : null);
    }
}
