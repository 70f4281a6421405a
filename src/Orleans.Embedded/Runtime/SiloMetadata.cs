using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>What a silo tells the others about itself at its start: a board's name, its memory.</summary>
[GenerateSerializer]
[Alias("Orleans.Runtime.MembershipService.SiloMetadata.SiloMetadata")]
public record SiloMetadata
{
    /// <summary>Nothing.</summary>
    public static SiloMetadata Empty { get; } = new();

    /// <summary>The facts by name.</summary>
    [Id(0)]
    public ImmutableDictionary<string, string> Metadata { get; private set; } = ImmutableDictionary<string, string>.Empty;

    internal void AddMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => Metadata = Metadata.SetItems(metadata);
}

/// <summary>The metadata of all silos.</summary>
public interface ISiloMetadataCache
{
    /// <summary>The metadata of a silo; empty if it gave none or is not known.</summary>
    public SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}

/// <summary>Gives a silo its metadata.</summary>
public static class SiloMetadataHostingExtensions
{
    /// <summary>Gives the silo this metadata, and its services an <see cref="ISiloMetadataCache"/>.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, Dictionary<string, string> metadata)
    {
        builder.Services.Configure<SiloMetadata>(own => own.AddMetadata(metadata));
        builder.Services.AddSingleton<ISiloMetadataCache>(services => services.GetRequiredService<LogicalSilo>());
        return builder;
    }
}
