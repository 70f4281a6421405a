using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Silo;

namespace Halo.Gateway.Serving;

/// <summary>How the gateway proves to boards of other processes who it is.</summary>
/// <param name="Head">The identity; null where no boards of other processes take part.</param>
/// <param name="Warning">What is wrong with the key file though it can be used; null where nothing is.</param>
internal sealed record ClusterIdentity(HeadIdentity? Head, string? Warning)
{
    /// <summary>Reads the key file of the options.</summary>
    /// <exception cref="StartException">It cannot be used.</exception>
    public static ClusterIdentity Of(HaloClusterOptions options)
    {
        try
        {
            HeadIdentity? head = HeadIdentity.Of(options, out string? warning);
            return new ClusterIdentity(head, warning);
        }
        catch (ClusterKeyException fault)
        {
            throw new StartException("The cluster's key cannot be used:", [fault.Message]);
        }
        catch (TlsFileException fault)
        {
            throw new StartException("The certificates to trust cannot be used:", [fault.Message]);
        }
    }
}
