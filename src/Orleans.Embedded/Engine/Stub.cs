#pragma warning disable
using System.Net; using System.Reflection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
namespace Orleans.Runtime;
internal sealed record SiloEndpoint(IPEndPoint Endpoint);
internal sealed class EmbeddedCluster { internal Activation? FindActivation(GrainId id) => null; }
internal sealed class LogicalSilo : ILocalSiloDetails, ISiloStatusOracle, MembershipService.SiloMetadata.ISiloMetadataCache {
 internal GrainFactory GrainFactory => throw new NotImplementedException();
 public string Name => throw new NotImplementedException();  public string ClusterId => ""; public SiloAddress SiloAddress => throw new NotImplementedException();
 public SiloStatus CurrentStatus => default; public string SiloName => Name; public SiloAddress[] GetActiveSilos() => []; public SiloStatus GetApproximateSiloStatus(SiloAddress a) => default;
 public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) => []; public bool TryGetSiloName(SiloAddress a, out string? n) { n = null; return false; } public bool IsDeadSilo(SiloAddress s) => false;
 public MembershipService.SiloMetadata.SiloMetadata GetSiloMetadata(SiloAddress a) => throw new NotImplementedException();
 internal Task StartAsync(CancellationToken t) => throw new NotImplementedException(); internal Task StopAsync(CancellationToken t) => throw new NotImplementedException(); internal void Kill() {} }
internal sealed class GrainFactory(EmbeddedCluster cluster, LogicalSilo? silo, IServiceProvider services, TimeSpan responseTimeout) : IClusterClient {
 public IServiceProvider ServiceProvider => services;
 public T GetGrain<T>(string k, string? p = null) where T : IGrainWithStringKey => throw new NotImplementedException();
 public IGrain GetGrain(Type t, string k) => throw new NotImplementedException();
 public T GetGrain<T>(GrainId g) where T : IAddressable => throw new NotImplementedException();
 internal object? Invoke(GrainId id, MethodInfo m, object?[] a) => throw new NotImplementedException(); }
internal abstract class Activation : IGrainContext {
 internal LogicalSilo Silo => throw new NotImplementedException();
 internal void DelayDeactivation(TimeSpan t) {} internal IGrainTimer StartTimer(Func<CancellationToken, Task> c, GrainTimerCreationOptions o) => throw new NotImplementedException();
 internal void EnterReentrantSection(Guid g) {} internal void ExitReentrantSection(Guid g) {}
 public abstract GrainReference GrainReference { get; } public abstract GrainId GrainId { get; } public abstract object? GrainInstance { get; } public abstract IServiceProvider ActivationServices { get; } public abstract Task Deactivated { get; }
 public abstract void Deactivate(DeactivationReason r, CancellationToken c = default); public abstract void Migrate(Dictionary<string, object>? r, CancellationToken c = default); }
