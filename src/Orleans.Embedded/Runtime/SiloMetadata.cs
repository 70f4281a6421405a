using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>As upstream: what a silo tells the others about itself at its start, as the name of its board.</summary>
public record SiloMetadata
{
    /// <summary>The facts by name.</summary>
    public ImmutableDictionary<string, string> Metadata { get; internal set; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>As upstream: the metadata of all silos.</summary>
public interface ISiloMetadataCache
{
    /// <summary>The metadata of a silo; empty if it gave none or is not known.</summary>
    SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}

/// <summary>As upstream: gives a silo its metadata.</summary>
public static class SiloMetadataHostingExtensions
{
    /// <summary>Adds to the silo's metadata.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, Dictionary<string, string> metadata)
    {
        builder.Services.Configure<SiloMetadata>(own => own.Metadata = own.Metadata.SetItems(metadata));
        return builder;
    }
}
